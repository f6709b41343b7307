package event

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestAMaskRecordIsAboutTheWatchesOfItsRun(t *testing.T) {
	table := NewTable(Linux)
	for _, wd := range []int32{1, 2, 4, 5, 4 + MaxMaskRun} {
		r := watch(wd, fmt.Sprint("/", wd))
		r.N = int64(IN_CREATE)
		table.Apply(&r)
	}
	r := Record{Kind: KindMask, WD: 2, M: 2, Mask: IN_OPEN}
	if !r.IsTableChange() {
		t.Error("it does not change the table")
	}
	table.Apply(&r)
	table.Apply(&Record{Kind: KindMask, WD: 1, M: -1, Mask: IN_ACCESS})
	table.Apply(&Record{Kind: KindMask, WD: 5, M: math.MaxInt64, Mask: IN_MODIFY})
	table.Apply(&Record{Kind: KindMask, WD: math.MaxInt32, M: 3, Mask: IN_MODIFY})
	for wd, want := range map[int32]Mask{1: IN_CREATE, 2: IN_OPEN, 4: IN_OPEN, 5: IN_MODIFY, 4 + MaxMaskRun: IN_MODIFY} {
		if got := table.Watch(wd).Kernel; got != want {
			t.Errorf("watch %d has %s, want %s", wd, got, want)
		}
	}
	table.Apply(&Record{Kind: KindMask, WD: 4, M: math.MaxInt64, Mask: IN_CLOSE})
	if got := table.Watch(4 + MaxMaskRun).Kernel; got != IN_MODIFY {
		t.Errorf("a run of more than %d watches reached %s", MaxMaskRun, got)
	}
}

func TestFoldedMasksAreThoseOfTheEnd(t *testing.T) {
	watched := func(wd int32, kernel Mask) Record {
		r := watch(wd, fmt.Sprint("/", wd))
		r.N = int64(kernel)
		return r
	}
	mask := func(wd int32, more int64, kernel Mask) Record {
		return Record{Kind: KindMask, WD: wd, M: more, Mask: kernel}
	}
	got := FoldMasks([]Record{
		watched(1, IN_CREATE), watched(2, IN_CREATE), mask(1, 1, IN_OPEN), {Kind: KindMark}, mask(2, 0, IN_ACCESS),
		unwatch(1), mask(1, 0, IN_MODIFY), watched(1, IN_DELETE), watched(2, IN_CLOSE), mask(9, 9, IN_OPEN),
	})
	want := []Record{watched(1, IN_OPEN), watched(2, IN_ACCESS), {Kind: KindMark}, unwatch(1), watched(1, IN_DELETE), watched(2, IN_CLOSE)}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
