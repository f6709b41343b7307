package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ways are the control events of Windows that a program is told of: handler.h of consoles, SetConsoleCtrlHandler.
var ways = []way{
	control("Ctrl-C", syscall.CTRL_C_EVENT), control("Ctrl-Break", syscall.CTRL_BREAK_EVENT),
	control("close", syscall.CTRL_CLOSE_EVENT), control("logoff", syscall.CTRL_LOGOFF_EVENT), control("shutdown", syscall.CTRL_SHUTDOWN_EVENT),
}

// control starts in the process what Windows starts there for a control event:
// no program can send the last three, and Wine 8 sends the first alone.
func control(name string, event uintptr) way {
	return way{name, func(p *os.Process) error {
		const access = 0x043a // PROCESS_CREATE_THREAD, QUERY_INFORMATION, VM_OPERATION, VM_READ, VM_WRITE
		process, err := syscall.OpenProcess(access, false, uint32(p.Pid))
		if err != nil {
			return err
		}
		defer syscall.CloseHandle(process)
		routine := syscall.NewLazyDLL("kernelbase.dll").NewProc("CtrlRoutine")
		if err := routine.Find(); err != nil {
			return err
		}
		create := syscall.NewLazyDLL("kernel32.dll").NewProc("CreateRemoteThread")
		thread, _, err := create.Call(uintptr(process), 0, 0, routine.Addr(), event, 0, 0)
		if thread == 0 {
			return fmt.Errorf("%s: %w", name, err)
		}
		return syscall.CloseHandle(syscall.Handle(thread))
	}}
}

func underWine() bool {
	return syscall.NewLazyDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

func TestCtrlCIsTheCommandsOwnToAnswer(t *testing.T) {
	s := start(t, "record", "d", "--", "do", "echo", "up", ",", "copy", ",", "touch", "d/after", ",", "exit", "9")
	s.until(s.stdout, "up")
	s.ask(ways[0]) // fsrec alone is told, as if CMD did not heed it
	if _, err := s.stdin.Write([]byte("go on\n")); err != nil {
		t.Fatal(err)
	}
	s.until(s.stdout, "go on")
	s.stdin.Close()
	if code, stderr := s.end(); code != 9 {
		t.Errorf("exit code %d, want that of CMD; %s", code, stderr)
	}
	s.recorded("after\n")
}

// Windows gives programs 5 s when their console is closed.
func TestAClosedConsoleEndsARecordingThoughItsCommandRuns(t *testing.T) {
	s := start(t, "record", "d", "--", "do", "touch", "d/before", ",", "echo", "up", ",", "copy")
	s.until(s.stdout, "up")
	asked := time.Now()
	s.ask(ways[2])
	said := s.until(s.stderr, "fsrec: ")
	if took := time.Since(asked); took > 4*time.Second || !strings.Contains(said, "no losses") {
		t.Errorf("after %v: %s", took, said)
	}
	s.stdin.Close() // CMD holds standard error open
	if code, stderr := s.end(); code != exitTrouble {
		t.Errorf("exit code %d; %s", code, stderr)
	}
	s.recorded("before\n")
	out, err := exec.Command("fsrec", "info", filepath.Join(s.cmd.Dir, "log.db")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "yes, ended by signal") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestALargeStatusOfWindowsIsHandedOn(t *testing.T) {
	s := start(t, "record", "d", "--", "do", "exit", "-1073741510") // STATUS_CONTROL_C_EXIT
	if code, stderr := s.end(); uint32(code) != 0xc000013a {
		t.Errorf("exit code %#x; %s", code, stderr)
	}
}
