package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// setgroups is for the calling thread alone, unlike the wrapper of the standard library.
func setgroups(groups []uint32) error {
	_, _, e := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)),
		uintptr(unsafe.Pointer(&groups[0])), 0)
	if e != 0 {
		return e
	}
	return nil
}
