// Command work changes the directory it is given in the ways that programs do,
// with names that programs stumble over. It is built for each system.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	if err := work(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "work:", err)
		os.Exit(1)
	}
}

// names are such as every system here takes; each system adds its own.
func names() []string {
	all := []string{"plain", "sp ace", "-rf", "ünïcode", "\U0001d4b3", "bidi\u202etxt", "%PATH%", "a&b", strings.Repeat("x", 255), "cafe\u0301", ".hidden", "end~1"}
	if runtime.GOOS == "windows" {
		return all // Wine refuses half a surrogate pair
	}
	return append(all, "new\nline", "esc\x1b[31m", "\xff\xfe", `back\slash"quote`)
}

func work(root string) error {
	in := func(elements ...string) string { return filepath.Join(append([]string{root}, elements...)...) }
	write := func(path string) error { return os.WriteFile(path, []byte("content of "+filepath.Base(path)), 0o644) }
	var steps []func() error
	add := func(f func() error) { steps = append(steps, f) }

	add(func() error { return os.MkdirAll(in("deep", "a", "b", "c", "d"), 0o755) })
	add(func() error { return write(in("deep", "a", "b", "c", "d", "leaf")) })
	for _, name := range names() {
		add(func() error { return write(in(name)) })
		add(func() error { return os.Rename(in(name), in("moved")) })
		add(func() error { return os.Rename(in("moved"), in("deep", name)) })
		add(func() error { return os.Remove(in("deep", name)) })
	}
	for i := range 200 {
		dir := in("many", fmt.Sprint(i/20))
		add(func() error { return os.MkdirAll(dir, 0o755) })
		add(func() error { return write(filepath.Join(dir, fmt.Sprint(i))) })
	}
	add(func() error { return os.Rename(in("many"), in("renamed")) })
	// In the root, which is watched from the start: below it, a file may have
	// come and gone before the watch of a new directory is there.
	add(func() error { return write(in("after")) })
	add(func() error { return os.Rename(in("after"), in("AFTER")) })
	add(func() error { return write(in("target")) })
	add(func() error { return write(in(".save.tmp")) })
	add(func() error { return os.Rename(in(".save.tmp"), in("target")) })
	add(func() error { return os.Chmod(in("target"), 0o444) })
	add(func() error { return os.Chmod(in("target"), 0o644) })
	add(func() error { return os.Truncate(in("target"), 3) })
	for i := range 10 {
		dir := in("renamed", fmt.Sprint(i))
		add(func() error { return empty(dir) })
		add(func() error { return os.Remove(dir) })
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if err == nil {
			err = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	return err
}
