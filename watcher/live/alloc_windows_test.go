package live

import (
	"fmt"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/decode"
	"fsrec/watcher/event"
)

// TestChangesTakeNoMemoryEach processes what a storm brings, with and without a
// look at each subject.
func TestChangesTakeNoMemoryEach(t *testing.T) {
	const count = 1000
	var records []event.Record
	for i := range count {
		records = append(records, event.Record{Kind: event.KindChange, Mask: event.Mask(event.FILE_ACTION_MODIFIED), Name: fmt.Sprintf(`directory\file%d`, i)})
	}
	n := &ReadDirectoryChanges{out: queue{limit: 2 * count}, done: make(chan struct{})} // without its goroutines
	w := &watch{wd: 1, dir: tempdir.New(t), cur: &stream{n: n}}
	w.cur.w = w
	w.standsAt(w.dir)
	var told []event.Record
	for _, extended := range []bool{false, true} {
		w.cur.call.extended = extended
		b := &batch{from: w.cur, data: decode.EncodeChanges(nil, records, 4)}
		if extended {
			b.data = decode.EncodeExtendedChanges(nil, records, 8)
		}
		allocs := testing.AllocsPerRun(10, func() {
			n.process(b)
			told = n.out.take(told)
		})
		if len(told) != count+1 || allocs > count/20 {
			t.Errorf("extended %v: %.0f allocations for %d changes, %d records", extended, allocs, count, len(told))
		}
	}
}
