// The program of the acceleration tests. Built for a foreign platform it is what a build step starts, built for the machine it is
// the twin.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

type report struct {
	Architecture string
	Arguments    []string
	Environment  []string
	Executable   string
	Folder       string
	User         int
	Effective    int
	Machine      string
}

func main() {
	if len(os.Args) < 2 {
		fail("no command")
	}
	switch arguments := os.Args[2:]; os.Args[1] {
	case "report":
		writeReport()
	case "architecture":
		fmt.Println(runtime.GOARCH)
	case "count":
		fmt.Println(runtime.GOARCH, len(os.Args))
	case "exit":
		os.Exit(number(arguments[0]))
	case "signal":
		check(syscall.Kill(os.Getpid(), syscall.Signal(number(arguments[0]))))
		select {}
	case "copy":
		_, err := io.Copy(os.Stdout, os.Stdin)
		check(err)
	case "list":
		list(arguments[0])
	case "write":
		fmt.Println(os.WriteFile(arguments[0], []byte("x"), 0o644) != nil)
	case "truncate":
		check(os.Truncate(arguments[0], int64(number(arguments[1]))))
	case "respond": // write a response file, and start the rest of the command line with it
		check(os.WriteFile("/tmp/response", []byte(arguments[0]), 0o644))
		run(&syscall.SysProcAttr{}, arguments[1:])
	case "respond-long":
		check(os.WriteFile("/tmp/response", []byte(strings.Repeat("b ", number(arguments[0])/2)), 0o644))
		run(&syscall.SysProcAttr{}, arguments[1:])
	case "run":
		run(&syscall.SysProcAttr{}, arguments)
	case "run-in-chroot":
		run(&syscall.SysProcAttr{Chroot: arguments[0]}, arguments[1:])
	case "run-in-user-namespace":
		ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		run(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: ids}, arguments)
	case "run-with-arguments": // as many as said, each of 20 characters
		n := number(arguments[0])
		for range n {
			arguments = append(arguments, strings.Repeat("x", 20))
		}
		run(&syscall.SysProcAttr{}, arguments[1:])
	case "run-at-once": // several at the same time
		parallel(number(arguments[0]), arguments[1:])
	default:
		fail("unknown command " + os.Args[1])
	}
}

func writeReport() {
	exe, err := os.Readlink("/proc/self/exe")
	check(err)
	dir, err := os.Getwd()
	check(err)
	var u syscall.Utsname
	check(syscall.Uname(&u))
	var machine []byte
	for _, c := range u.Machine {
		if c != 0 {
			machine = append(machine, byte(c))
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(report{runtime.GOARCH, os.Args, os.Environ(), exe, dir, os.Getuid(), os.Geteuid(), string(machine)}))
}

func list(folder string) {
	entries, err := os.ReadDir(folder)
	check(err)
	for _, e := range entries {
		fmt.Println(e.Name())
	}
}

func run(attributes *syscall.SysProcAttr, arguments []string) {
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Stdin, command.Stdout, command.Stderr, command.SysProcAttr = os.Stdin, os.Stdout, os.Stderr, attributes
	check(command.Run())
}

func parallel(n int, arguments []string) {
	var commands []*exec.Cmd
	for range n {
		command := exec.Command(arguments[0], arguments[1:]...)
		check(command.Start())
		commands = append(commands, command)
	}
	for _, command := range commands {
		check(command.Wait())
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	check(err)
	return n
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(99)
}
