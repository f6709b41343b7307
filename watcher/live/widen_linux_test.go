package live

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"fsrec/watcher/event"
)

func TestTheMaskOfANewDirectoryIsToldWhereItBegins(t *testing.T) {
	root := t.TempDir()
	s := watched(t, root)
	s.sync()
	ok(t, os.Mkdir(root+"/d", 0o755))
	s.settled()
	table := event.NewTable(event.Linux)
	var story []string
	for _, r := range s.records {
		table.Apply(&r)
		if w := table.Watch(r.WD); w != nil && (r.Kind == event.KindWatch || r.Kind == event.KindMask) {
			story = append(story, fmt.Sprintf("%s %d+%d %s", r.Kind, r.WD, r.M, w.Kernel&wide))
		}
	}
	// M of a watch is the wd of its parent, that of a mask how many more it is about.
	want := "watch 1+0 0, mask 1+0 IN_ACCESS|IN_CLOSE_NOWRITE|IN_OPEN, watch 2+1 0, mask 2+0 IN_ACCESS|IN_CLOSE_NOWRITE|IN_OPEN"
	if got := strings.Join(story, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAMaskWithoutWhatListingCausesIsToldOnce(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/a")
	s := open(t, Options{})
	s.add(event.WatchRequest{Path: root, Mask: structure, Recursive: true, AutoAdd: true})
	s.sync()
	ok(t, os.Mkdir(root+"/d", 0o755))
	for _, r := range s.settled() {
		if r.Kind == event.KindMask {
			t.Errorf("%s", event.AppendText(nil, &r))
		}
	}
}

// A file is made by opening it, which is told as IN_CREATE, IN_OPEN. So of each file whose
// creation stands behind the mask of its directory the opening must come.
func TestAMaskIsCompleteFromItsRecordOn(t *testing.T) {
	root := t.TempDir()
	s := watched(t, root)
	s.background(func() {
		for i := range 100 {
			dir := fmt.Sprintf("%s/%d", root, i)
			ok(t, os.Mkdir(dir, 0o755))
			for j := range 20 {
				ok(t, write(fmt.Sprintf("%s/%d", dir, j)))
			}
		}
	})
	s.settled()
	table := event.NewTable(event.Linux)
	wanted := make(map[string]bool)
	masked := 0
	for i := range s.records {
		r := &s.records[i]
		table.Apply(r)
		w := table.Watch(r.WD)
		switch {
		case r.Kind == event.KindMask:
			masked++
		case r.Kind != event.KindEvent || w == nil || r.Flags != 0 || r.Mask&event.IN_ISDIR != 0:
		case r.Mask&event.IN_CREATE != 0 && w.Kernel&event.IN_OPEN != 0:
			wanted[event.Linux.Join(w.Path(), r.Name)] = true
		case r.Mask&wide != 0 && r.Mask&w.Kernel == 0:
			t.Errorf("%s of a watch that has %s", event.AppendText(nil, r), w.Kernel)
		case r.Mask&event.IN_OPEN != 0:
			delete(wanted, event.Linux.Join(w.Path(), r.Name))
		}
	}
	if masked < 2 {
		t.Errorf("%d masks were told", masked)
	}
	for path := range wanted {
		t.Errorf("%s was made when its directory had IN_OPEN, and its opening is missing", path)
	}
}

func TestAMaskIsToldBeforeWhatComesOfItWhileOthersStillWait(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/a", root+"/b")
	s := watched(t, root)
	s.sync()
	a, b := s.table.At(root+"/a").WD, s.table.At(root+"/b").WD
	s.mu.Lock()
	for _, wd := range []int32{a, b} {
		s.narrow[wd] = true
		s.toWiden = append(s.toWiden, wd)
	}
	ok(t, write(root+"/a/f")) // in the queue when the watches are widened
	s.widen()
	s.mu.Unlock()
	ok(t, write(root+"/b/f"))
	got := s.story(root, s.sync())
	first, opened := strings.Index(got, "mask a\n"), strings.Index(got, "IN_OPEN a/f")
	second, other := strings.Index(got, "mask b\n"), strings.Index(got, "IN_CREATE b/f")
	if first < 0 || first > opened || second < opened || second > other || strings.Count(got, "mask") != 2 {
		t.Errorf("got\n%s", got)
	}
}

// kernelMasks are the masks that the kernel has, by wd: see proc_pid_fdinfo(5).
func (s *session) kernelMasks() map[int32]event.Mask {
	s.t.Helper()
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", s.fd))
	ok(s.t, err)
	masks := make(map[int32]event.Mask)
	for line := range strings.Lines(string(info)) {
		var wd int32
		var inode, device, mask uint64
		if n, _ := fmt.Sscanf(line, "inotify wd:%x ino:%x sdev:%x mask:%x", &wd, &inode, &device, &mask); n == 4 {
			masks[wd] = event.Mask(mask) & event.IN_ALL_EVENTS
		}
	}
	return masks
}

// checkMasks compares the masks that the records tell with those of the kernel.
func (s *session) checkMasks() {
	s.t.Helper()
	masks := s.kernelMasks()
	for _, w := range s.table.Watches() {
		if got := masks[w.WD]; got != w.Kernel&event.IN_ALL_EVENTS {
			s.t.Errorf("watch %d, %s: told %s, the kernel has %s", w.WD, w.Path(), w.Kernel, got)
		}
	}
	if len(masks) == 0 {
		s.t.Error("the kernel tells of no watch")
	}
}

// A mask is given by way of a path, which may lead to another directory by then.
func TestAMaskThatMeetsAnotherWatchIsTold(t *testing.T) {
	for name, give := range map[string]func(s *session, a *event.Watch){
		"when the mask of a new directory is completed": func(s *session, a *event.Watch) {
			s.narrow[a.WD] = true
			s.toWiden = append(s.toWiden, a.WD)
			s.widen()
		},
		"when a watch is asked for again": func(s *session, a *event.Watch) {
			add := &adding{request: event.WatchRequest{Mask: event.IN_OPEN}}
			l := add.aim(&item{name: a.Path(), add: add})
			l.wd, l.existed = a.WD, true
			s.reAdded(&l)
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			mkdirs(t, root+"/a", root+"/b")
			s := watched(t, root)
			s.add(event.WatchRequest{Path: root + "/b", Mask: event.IN_CREATE | event.IN_MOVE, AutoAdd: true})
			s.sync()
			a, b := s.underTest.table.At(root+"/a"), s.underTest.table.At(root+"/b")
			s.mu.Lock()
			ok(t, os.Rename(root+"/a", root+"/was"), os.Rename(root+"/b", root+"/a"))
			give(s, a)
			s.mu.Unlock()
			s.settled()
			s.checkMasks()
			if s.table.At(root+"/a").WD != b.WD || s.table.At(root+"/was").WD != a.WD {
				t.Error("the renames are lost")
			}
			if should := kernelMask(b.Mask, b.Flags); s.kernelMasks()[b.WD]&should != should {
				t.Errorf("watch of %s has lost events: %s", b.Path(), s.kernelMasks()[b.WD])
			}
		})
	}
}

func TestMasksAreKnownAfterManyRenames(t *testing.T) {
	root := t.TempDir()
	s := watched(t, root)
	s.background(func() {
		var all sync.WaitGroup
		for g := range uint64(3) {
			all.Go(func() { churn(root, g, 1500) })
		}
		all.Wait()
	})
	s.settled()
	s.checkMasks()
}
