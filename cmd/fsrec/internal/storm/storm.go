// Package storm changes files as fast as it can, in a way that is known
// exactly: the load under which a watcher shows what it loses.
package storm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"fsrec/watcher/event"
)

// Operations is what is done to each file: create, write, close, rename, unlink.
const Operations = 5

// Life is what the kernel says about each file, in this order. The last two
// events are about its second name.
var Life = []event.Mask{
	event.IN_CREATE, event.IN_OPEN, event.IN_MODIFY, event.IN_CLOSE_WRITE, event.IN_MOVED_FROM, event.IN_MOVED_TO, event.IN_DELETE,
}

// Storm is Files files in Dirs directories below Root.
type Storm struct {
	Root        string
	Dirs, Files int
}

// Names gives the two names of file i, relative to Root.
func (s Storm) Names(i int) (first, second string) {
	dir := "d" + strconv.Itoa(i%s.Dirs)
	return fmt.Sprintf("%s/f%d", dir, i), fmt.Sprintf("%s/g%d", dir, i)
}

// Prepare makes the directories.
func (s Storm) Prepare() error {
	for i := range s.Dirs {
		if err := os.MkdirAll(filepath.Join(s.Root, "d"+strconv.Itoa(i)), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// Run does it all, on some goroutines at a time. No file is left.
func (s Storm) Run(goroutines int) error {
	failed := make(chan error, goroutines)
	for first := range goroutines {
		go func() {
			var err error
			for i := first; i < s.Files && err == nil; i += goroutines {
				err = s.live(i)
			}
			failed <- err
		}()
	}
	var err error
	for range goroutines {
		err = errors.Join(err, <-failed)
	}
	return err
}

func (s Storm) live(i int) error {
	first, second := s.Names(i)
	first, second = filepath.Join(s.Root, first), filepath.Join(s.Root, second)
	f, err := os.OpenFile(first, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString("x")
	return errors.Join(err, f.Close(), os.Rename(first, second), os.Remove(second))
}
