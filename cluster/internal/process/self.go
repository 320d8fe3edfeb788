package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// dispatched tells that this program handles hidden subcommands. One that does not would start itself over and over.
var dispatched bool

// Dispatch carries out the hidden subcommand that the program was started with, if any. Every program that starts daemons calls it first.
func Dispatch(commands map[string]func(argument string) error) (handled bool, err error) {
	dispatched = true
	if len(os.Args) != 3 {
		return false, nil
	}
	command, found := commands[os.Args[1]]
	if !found {
		return false, nil
	}
	return true, command(os.Args[2])
}

// Self prepares a hidden subcommand in a child of this program.
func Self(command, argument string) (*exec.Cmd, error) {
	if !dispatched {
		return nil, errors.New("this program cannot start daemons: its main does not call process.Dispatch")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return exec.Command(self, command, argument), nil
}
