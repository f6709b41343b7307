package replayer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"fsrec/replayer"
	"fsrec/replayer/model"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

// hostile is a recording that no system makes and anybody can hand in: some n records.
type hostile struct {
	name     string
	platform event.Platform
	tell     func(add func(event.Record), n int)
}

var hostiles = []hostile{
	{"chains of directories", event.Linux, func(add func(event.Record), n int) {
		const depth = 1000
		add(watched(1, "/w"))
		for i := range int32(n / 3) {
			path := fmt.Sprintf("/w/%d%s", i/depth, strings.Repeat("/d", int(i%depth)))
			add(watched(i+2, path))
			add(created(i+2, "f"))
			add(created(i+2, "d"))
		}
	}},
	{"names in one directory", event.Linux, func(add func(event.Record), n int) {
		add(watched(1, "/w"))
		for i := range n {
			add(created(1, fmt.Sprint(i)))
		}
	}},
	{"many watches", event.Linux, func(add func(event.Record), n int) {
		watches := int32(n / 4)
		for i := range watches {
			add(watched(i+1, fmt.Sprintf("/w/%d/%d", i/1000, i)))
		}
		for i := range int64(n - n/4) {
			add(created(int32(i*7919%int64(watches))+1, "f"))
		}
	}},
	{"chain renamed at the top", event.Linux, func(add func(event.Record), n int) {
		const depth = 300
		path := "/w/0"
		add(watched(1, "/w"))
		for i := range depth {
			add(watched(int32(i+2), path))
			path += "/d"
		}
		for i := range n / 2 {
			add(renamed(fmt.Sprintf("/w/%d", i), fmt.Sprintf("/w/%d", i+1)))
			add(created(int32(i%depth)+2, "f"))
		}
	}},
	{"wide directory renamed", event.Linux, func(add func(event.Record), n int) {
		add(watched(1, "/w"))
		for i := range n / 3 {
			add(watched(int32(i+2), fmt.Sprintf("/w/0/%d", i)))
		}
		for i := range n / 3 {
			add(renamed(fmt.Sprintf("/w/%d", i), fmt.Sprintf("/w/%d", i+1)))
			add(created(int32(i+2), "f"))
		}
	}},
	{"moved into each other", event.Linux, func(add func(event.Record), n int) {
		add(watched(1, "/w"))
		for i := range n / 3 {
			add(watched(int32(i+2), fmt.Sprintf("/w/%d", i)))
		}
		for i := range n / 3 {
			add(renamed(fmt.Sprintf("/w/%d", i), fmt.Sprintf("/w/%d/%d", i+1, i)))
			add(created(2, "f"))
		}
	}},
	{"longest path comes and goes", event.Linux, func(add func(event.Record), n int) {
		add(watched(1, "/w/a/longest"))
		for i := range n / 2 {
			add(watched(int32(i+2), fmt.Sprintf("/w/a/%d", i)))
		}
		for range n / 8 {
			add(renamed("/w/a/longest", "/w/b"))
			add(renamed("/w/a", "/w/c"))
			add(renamed("/w/c", "/w/a"))
			add(renamed("/w/b", "/w/a/longest"))
		}
	}},
	{"lost and watched again", event.Linux, func(add func(event.Record), n int) {
		for i := range n / 3 {
			add(watched(int32(2*i+1), "/w/a"))
			add(watched(int32(2*i+2), "/w/a/b"))
			add(renamed("/w/a", ""))
		}
	}},
	{"watches that end", event.Linux, func(add func(event.Record), n int) {
		for i := range int32(n / 3) {
			add(watched(i+1, fmt.Sprintf("/w/%d", i)))
			add(created(i+1, "f"))
			add(event.Record{Kind: event.KindUnwatch, WD: i + 1, Name: event.CauseDeleted})
		}
	}},
	{"watches that are in no other", event.Linux, func(add func(event.Record), n int) {
		for i := range int32(n / 2) {
			add(watched(i+1, fmt.Sprintf("/%d", i)))
			add(event.Record{Kind: event.KindEvent, WD: i + 1, Mask: event.IN_DELETE_SELF})
		}
	}},
	{"halves of renames", event.Linux, func(add func(event.Record), n int) {
		add(watched(1, "/w"))
		for i := range n {
			add(event.Record{Kind: event.KindEvent, WD: 1, Mask: []event.Mask{event.IN_MOVED_FROM, event.IN_MOVED_TO}[i%2], Cookie: uint32(i + i%2), Name: fmt.Sprint(i)})
		}
	}},
	{"losses", event.Linux, func(add func(event.Record), n int) {
		add(watched(1, "/w"))
		for i := range n / 2 {
			add(created(1, fmt.Sprint(i%1000)))
			add(event.Record{Kind: event.KindLoss, Name: "kernel", N: -1})
		}
	}},
	{"trees of Windows, each renaming", event.Windows, func(add func(event.Record), n int) {
		for i := range int32(n / 3) {
			add(watched(i+1, fmt.Sprintf(`C:\w\%d`, i)))
		}
		for i := range int32(n / 3) {
			add(changed(i+1, event.FILE_ACTION_RENAMED_OLD_NAME, "a"))
			add(changed(i+1, event.FILE_ACTION_RENAMED_NEW_NAME, "b"))
		}
	}},
	{"trees of Windows, nothing happening", event.Windows, func(add func(event.Record), n int) {
		for i := range int32(n / 3) {
			add(watched(i+1, fmt.Sprintf(`C:\w\%d`, i)))
		}
		for range n / 3 {
			add(event.Record{Kind: event.KindIdle})
			add(event.Record{Kind: event.KindLoss, Name: "queue", N: 1})
		}
	}},
	{"trees of Windows, each removing", event.Windows, func(add func(event.Record), n int) {
		for i := range int32(n / 2) {
			add(watched(i+1, fmt.Sprintf(`C:\w\%d`, i)))
		}
		for i := range int32(n / 2) {
			add(changed(i+1, event.FILE_ACTION_REMOVED, "a"))
		}
	}},
	{"directory of Windows renamed", event.Windows, func(add func(event.Record), n int) {
		add(watched(1, `C:\w`))
		for i := range n / 2 {
			add(event.Record{Kind: event.KindEntry, WD: 1, Cookie: 0o40755, Name: fmt.Sprintf(`0\%d`, i)})
		}
		for i := range n / 4 {
			add(changed(1, event.FILE_ACTION_RENAMED_OLD_NAME, fmt.Sprint(i)))
			add(changed(1, event.FILE_ACTION_RENAMED_NEW_NAME, fmt.Sprint(i+1)))
		}
	}},
}

func watched(wd int32, path string) event.Record {
	return event.Record{Kind: event.KindWatch, Flags: event.FlagDir, WD: wd, Mask: event.IN_ALL_EVENTS, Path: path}
}

func renamed(src, dst string) event.Record {
	return event.Record{Kind: event.KindMove, Src: src, Path: dst}
}

func created(wd int32, name string) event.Record {
	return event.Record{Kind: event.KindEvent, WD: wd, Mask: event.IN_CREATE, Name: name}
}

func changed(wd int32, action event.Action, name string) event.Record {
	return event.Record{Kind: event.KindChange, WD: wd, Mask: event.Mask(action), Cookie: uint32(event.FILE_ATTRIBUTE_DIRECTORY), Name: name}
}

func (h *hostile) log(n int) *event.MemoryLog {
	var all []event.Record
	h.tell(func(r event.Record) {
		r.Seq, r.Time = uint64(len(all)+1), int64(len(all))*1000
		if r.Kind == event.KindWatch && h.platform == event.Windows {
			r.Flags |= event.FlagRecursive
			r.P = int64(event.FILE_NOTIFY_CHANGE_FILE_NAME | event.FILE_NOTIFY_CHANGE_DIR_NAME)
		}
		all = append(all, r)
	}, n)
	return event.NewMemoryLog(event.Header{Platform: h.platform}, all)
}

// BenchmarkGrowth is what one record of a hostile recording costs, for those who make the
// tree or the watch table of it, or compare two trees. It is to be as good as the same for ten times as many records.
func BenchmarkGrowth(b *testing.B) {
	for _, way := range []struct {
		name string
		read func(log *event.MemoryLog) error
	}{
		{"manager", func(log *event.MemoryLog) error {
			r, err := replayer.New(log)
			if err != nil {
				return err
			}
			wm := watcher.NewWatchManager(r)
			defer wm.Close()
			if _, err := wm.AddWatch("/w/no/such", event.IN_ALL_EVENTS); err == nil {
				return errors.New("what was not recorded is watched")
			}
			return watcher.NewNotifier(watcher.NewWatchManager(r, watcher.Adopt()), watcher.HandlerFunc(func(*watcher.Event) error { return nil })).Run(context.Background())
		}},
		{"model", func(log *event.MemoryLog) error {
			_, err := model.Read(context.Background(), log.Header(), log)
			return err
		}},
		{"state", func(log *event.MemoryLog) error {
			var models [2]*model.Model
			for i := range models {
				m, err := model.Read(context.Background(), log.Header(), event.NewMemoryLog(log.Header(), log.Records()[:len(log.Records())-i])) // the second lacks a record
				if err != nil {
					return err
				}
				models[i] = m
			}
			_, err := model.Compare(models[0], models[1], nil)
			if roots := (*event.RootsError)(nil); errors.As(err, &roots) {
				err = nil
			}
			return err
		}},
	} {
		for i := range hostiles {
			h := &hostiles[i]
			for _, n := range []int{10_000, 100_000} {
				b.Run(fmt.Sprintf("%s/%s/%d", way.name, h.name, n), func(b *testing.B) {
					log := h.log(n)
					for b.Loop() {
						if err := log.Seek(1); err != nil {
							b.Fatal(err)
						}
						if err := way.read(log); err != nil && !errors.Is(err, io.EOF) {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(log.Records())), "ns/record")
				})
			}
		}
	}
}

// Ten times as many records take ten times the memory, all that was thrown away included.
func TestModelsAreLinear(t *testing.T) {
	for i := range hostiles {
		h := &hostiles[i]
		allocated := func(n int) uint64 {
			log := h.log(n)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := model.Read(t.Context(), log.Header(), log); err != nil {
				t.Fatalf("%s: %v", h.name, err)
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		if small, large := allocated(3_000), allocated(30_000); large > 15*small {
			t.Errorf("%s: %d bytes for ten times the records of %d bytes", h.name, large, small)
		}
	}
}
