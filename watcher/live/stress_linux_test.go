package live

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"fsrec/watcher/event"
)

// background reads while the test works, until sync is called through the
// returned function.
func (s *session) background(work func()) {
	s.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	for {
		select {
		case <-done:
			s.sync()
			return
		default:
			s.sync()
		}
	}
}

func TestDeepTreeMadeAtFullSpeedIsToldOnce(t *testing.T) {
	root := t.TempDir()
	s := watched(t, root)
	s.background(func() {
		for i := range 300 {
			deep := filepath.Join(root, fmt.Sprint(i), "a/b/c")
			ok(t, os.MkdirAll(deep, 0o755), write(filepath.Join(deep, "f")))
		}
	})
	s.check(root)
}

func TestTreeMadeRenamedAndRemovedByManyIsFollowed(t *testing.T) {
	root := t.TempDir()
	s := watched(t, root)
	s.background(func() {
		var all sync.WaitGroup
		for g := range 4 {
			all.Add(1)
			go func() {
				defer all.Done()
				churn(root, uint64(g), 600)
			}()
		}
		all.Wait()
	})
	s.check(root)
}

func TestATreeThatChangesWhileItIsAddedIsKnownExactly(t *testing.T) {
	root := t.TempDir()
	makeDirs(t, filepath.Join(root, "still"), 300)
	churn(root, 9, 200)
	s := open(t, Options{})
	var all sync.WaitGroup
	for g := range 2 {
		all.Add(1)
		go func() {
			defer all.Done()
			churn(root, uint64(g), 1000)
		}()
	}
	results, err := s.Add(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true, Snapshot: true})
	ok(t, err)
	for _, r := range results {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}
	s.background(all.Wait)
	s.check(root)
}

// anyPath is one of a few paths below root, of at most depth elements.
func anyPath(rnd *rand.Rand, root string, depth int) string {
	for range 1 + rnd.IntN(depth) {
		root = filepath.Join(root, string(rune('a'+rnd.IntN(4))))
	}
	return root
}

// churn makes, renames and removes files and directories at random; many of
// its attempts fail, which is meant.
func churn(root string, seed uint64, steps int) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	name := func() string { return anyPath(rnd, root, 4) }
	for range steps {
		switch rnd.IntN(10) {
		case 0, 1, 2:
			_ = os.MkdirAll(name(), 0o755)
		case 3, 4:
			_ = write(name() + ".txt")
		case 5, 6, 7:
			_ = os.Rename(name(), name())
		case 8:
			_ = os.Remove(name())
		case 9:
			_ = os.RemoveAll(name())
		}
	}
}
