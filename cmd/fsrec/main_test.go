package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// raceOptions keep the race detector from waiting a second at the exit of every
// process; a process in which it found something still fails with 66.
const raceOptions = "atexit_sleep_ms=0"

// programs are what this test is under other names.
var programs = map[string]func(){"fsrec": main, "do": do}

func TestMain(m *testing.M) {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if program := programs[name]; program != nil {
		os.Args[0] = name
		program()
		os.Exit(0)
	}
	os.Exit(withPrograms(m.Run))
}

// withPrograms runs f with the programs in PATH. testscript.Main does the same,
// but cleans up in a way that Wine 8 does not know: see package tempdir.
func withPrograms(f func() int) int {
	os.Setenv("GORACE", raceOptions)
	dir, err := os.MkdirTemp("", "fsrec-test-bin")
	if err != nil {
		panic(err)
	}
	os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	defer os.Remove(dir)
	for name := range programs {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		path := filepath.Join(dir, name)
		if err := copyOfThis(path); err != nil {
			panic(err)
		}
		defer os.Remove(path)
	}
	return f()
}

func copyOfThis(path string) error {
	this, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(this)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// do is a command that works the same on every system: "do mkdir a , write a/f , exit 7".
func do() {
	for words := os.Args[1:]; len(words) > 0; {
		n := 0
		for n < len(words) && words[n] != "," {
			n++
		}
		step := steps[words[0]]
		if step == nil {
			fail(fmt.Errorf("%q is no step", words[0]))
		}
		fail(step(words[1:n]))
		words = words[min(n+1, len(words)):]
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "do:", err)
		os.Exit(99)
	}
}

var steps = map[string]func(args []string) error{
	"mkdir": each(func(path string) error { return os.MkdirAll(path, 0o755) }),
	"rm":    each(os.Remove),
	"touch": each(func(path string) error { return appendTo(path, "") }),
	"write": func(args []string) error { return appendTo(args[0], strings.Join(args[1:], " ")+"\n") },
	"mv":    func(args []string) error { return os.Rename(args[0], args[1]) },
	"echo": func(args []string) error {
		_, err := fmt.Println(os.ExpandEnv(strings.Join(args, " ")))
		return err
	},
	"copy": func([]string) error { // standard input to standard output
		_, err := io.Copy(os.Stdout, os.Stdin)
		return err
	},
	"ls": each(func(path string) error {
		entries, err := os.ReadDir(path)
		for _, e := range entries {
			fmt.Println(e.Name())
		}
		return err
	}),
	"exit": func(args []string) error {
		code, err := strconv.Atoi(args[0])
		if err == nil {
			os.Exit(code)
		}
		return err
	},
}

func each(f func(path string) error) func([]string) error {
	return func(args []string) error {
		for _, arg := range args {
			if err := f(arg); err != nil {
				return err
			}
		}
		return nil
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
