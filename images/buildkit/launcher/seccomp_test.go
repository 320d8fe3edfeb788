package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in struct seccomp_data, of the lower halves.
const (
	callNumber   = 0
	callArgument = 16 // 8 bytes for each
)

// refuseBinfmt makes mounting binfmt_misc fail as it does on a kernel before 6.7. Of all mounts that the launcher, buildkitd and runc
// make it is the one without flags and data, which is what a filter can see.
func refuseBinfmt() error {
	const flags, data = callArgument + 3*8, callArgument + 4*8
	return refuse(unix.SYS_MOUNT,
		load(flags), unless(unix.BPF_JEQ, 0, 7), load(flags+4), unless(unix.BPF_JEQ, 0, 5),
		load(data), unless(unix.BPF_JEQ, 0, 3), load(data+4), unless(unix.BPF_JEQ, 0, 1))
}

// refuseUserNamespaces makes their creation fail as the default profile of container runtimes does.
func refuseUserNamespaces() error {
	return refuse(unix.SYS_CLONE, load(callArgument), unless(unix.BPF_JSET, unix.CLONE_NEWUSER, 1))
}

// refuse lets a system call fail with EPERM; the conditions jump behind the refusal when they are not met.
func refuse(call uint32, conditions ...unix.SockFilter) error {
	program := append([]unix.SockFilter{load(callNumber), unless(unix.BPF_JEQ, call, uint8(len(conditions)+1))}, conditions...)
	program = append(program,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	if errno != 0 {
		return errno
	}
	return nil
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

// unless skips so many instructions when the condition is not met.
func unless(condition uint16, value uint32, skipped uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | condition | unix.BPF_K, Jf: skipped, K: value}
}
