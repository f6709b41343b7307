package replayer

import (
	"fmt"
	"strings"
	"testing"

	"fsrec/watcher/event"
)

func TestOneRenameOfManyDirectoriesDoesNotFillTheMemory(t *testing.T) {
	var all []event.Record
	add := func(r event.Record) {
		r.Seq = uint64(len(all) + 1)
		all = append(all, r)
	}
	for i := range int32(20_000) {
		add(event.Record{Kind: event.KindWatch, Flags: event.FlagDir, WD: i + 1, Path: fmt.Sprintf("/w/%d", i)})
	}
	far := "/" + strings.Repeat("d", event.Linux.MaxPath()-10)
	add(event.Record{Kind: event.KindMove, Src: "/w", Path: far})
	x, err := newIndex(event.NewMemoryLog(event.Header{Platform: event.Linux}, all))
	if err != nil {
		t.Fatal(err)
	}
	bytes := 0
	for path, starts := range x.starts {
		if strings.HasPrefix(path, far) {
			bytes += len(path) + len(starts)*sizeMoved
		}
	}
	if bytes == 0 || bytes > maxMoved+event.Linux.MaxPath()+sizeMoved {
		t.Errorf("%d bytes for the watches that came by the rename, want at most %d", bytes, maxMoved)
	}
}
