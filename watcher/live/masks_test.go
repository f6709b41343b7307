package live

import (
	"errors"
	"path/filepath"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// wrongMasks are those with which a path is not watched, whatever it is.
var wrongMasks = []event.Mask{
	0,
	event.IN_ONLYDIR,
	event.IN_ISDIR | event.IN_IGNORED,
	event.IN_CREATE | 0x1000,
	event.IN_CREATE | 0x08000000,
	event.IN_CREATE | event.IN_MASK_ADD | event.IN_MASK_CREATE,
}

func TestAMaskIsCheckedByEveryBackend(t *testing.T) {
	for name, make := range map[string]func(Options) (Backend, error){
		"the kernel's": New,
		"polling":      func(opts Options) (Backend, error) { return NewPoll(opts) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := tempdir.New(t)
			must(t, put(filepath.Join(dir, "f"), "x"))
			b, err := make(Options{})
			must(t, err)
			defer func() { must(t, b.Close()) }()
			add := func(path string, mask event.Mask) (int32, error) {
				results, err := b.Add(event.WatchRequest{Path: filepath.Join(dir, path), Mask: mask})
				must(t, err)
				return results[0].WD, results[0].Err
			}
			refused := func(what string, mask event.Mask, err, want error) {
				t.Helper()
				var we *event.WatchError
				if !errors.Is(err, want) || !errors.As(err, &we) || we.Path == "" {
					t.Errorf("%s for %s: %v, want %v", what, mask, err, want)
				}
			}
			for _, mask := range wrongMasks {
				for _, path := range []string{".", "f", "nothing"} {
					_, err := add(path, mask)
					refused("watch of "+path, mask, err, pollInvalid)
				}
			}
			_, err = add("f", event.IN_MODIFY|event.IN_ONLYDIR)
			refused("watch of a file", event.IN_ONLYDIR, err, pollNoDir)
			wds := map[string]int32{}
			for _, path := range []string{".", "f"} {
				wds[path], err = add(path, event.IN_MODIFY|event.IN_MASK_CREATE)
				must(t, err)
				_, err = add(path, event.IN_MODIFY|event.IN_MASK_CREATE)
				refused("second watch of "+path, event.IN_MASK_CREATE, err, pollExists)
				refused("update of "+path, event.IN_MASK_CREATE, b.Update(wds[path], event.IN_MODIFY|event.IN_MASK_CREATE), pollExists)
				must(t, b.Update(wds[path], event.IN_ATTRIB|event.IN_MASK_ADD))
				for _, mask := range wrongMasks {
					refused("update of "+path, mask, b.Update(wds[path], mask), pollInvalid)
				}
			}
			_, err = add("f", event.IN_MODIFY|event.IN_ONLYDIR)
			refused("second watch of a file", event.IN_ONLYDIR, err, pollNoDir)
			refused("update of a file", event.IN_ONLYDIR, b.Update(wds["f"], event.IN_MODIFY|event.IN_ONLYDIR), pollNoDir)
		})
	}
}
