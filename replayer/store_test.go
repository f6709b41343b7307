package replayer_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/replayer"
	"fsrec/store"
	"fsrec/watcher/event"
)

// save puts a log into a file, in blocks of a few records.
func save(t testing.TB, log *event.MemoryLog, blockRecords int) *store.Log {
	t.Helper()
	path := filepath.Join(tempdir.New(t), "log.db")
	w, err := store.Create(path, log.Header(), store.Options{BlockRecords: blockRecords})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(log.Records()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func TestALogInAFileReplaysAsOneInMemory(t *testing.T) {
	all := event.WatchRequest{Path: "/tmp/p", Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true}
	for name, opts := range map[string][]replayer.Option{
		"all":      nil,
		"part":     {replayer.FromSeq(9), replayer.ToTime(105 * time.Second)},
		"marks":    {replayer.FromMark("built"), replayer.ToMark("tested")},
		"rounds":   {replayer.Loop(3)},
		"rounds 2": {replayer.Loop(3), replayer.FromSeq(8), replayer.ToSeq(15)},
		"paced":    {replayer.Speed(1e12)},
		"mapped":   {replayer.Map("/tmp", `C:\t`)},
		"overflow": {replayer.InjectOverflow(6, 5)},
	} {
		for _, blockRecords := range []int{1, 3, 4096} {
			log := parse(t, project)
			file := save(t, log, blockRecords)
			memory := replay(t, log, opts...)
			stored := replay(t, file, opts...)
			equal(t, add(t, stored, all), add(t, memory, all))
			d1, err1 := stored.Duration()
			d2, err2 := memory.Duration()
			if d1 != d2 || err1 != nil || err2 != nil {
				t.Errorf("%s: durations %v, %v and %v, %v", name, d1, err1, d2, err2)
			}
			m1, err1 := stored.Marks()
			m2, err2 := memory.Marks()
			if !slices.Equal(m1, m2) || err1 != nil || err2 != nil {
				t.Errorf("%s: marks %v, %v and %v, %v", name, m1, err1, m2, err2)
			}
			equal(t, rest(t, stored), rest(t, memory))
		}
	}
}
