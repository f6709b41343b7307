package event

import (
	"iter"
	"math"
)

// MaxMaskRun is how many wds one KindMask record is about at most.
const MaxMaskRun = 1024

// Masked yields the wds that a KindMask record is about.
func (r *Record) Masked() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		last := min(int64(r.WD)+min(r.M, MaxMaskRun-1), math.MaxInt32)
		for wd := int64(r.WD); wd <= last; wd++ {
			if !yield(int32(wd)) {
				return
			}
		}
	}
}

// FoldMasks gives each KindWatch record the last mask that KindMask records give its
// watch, and leaves those out. It changes records and returns what it kept of them.
func FoldMasks(records []Record) []Record {
	watches := make(map[int32]int) // the latest KindWatch record, by wd
	kept := records[:0]
	for _, r := range records {
		switch r.Kind {
		case KindWatch:
			watches[r.WD] = len(kept)
		case KindUnwatch:
			delete(watches, r.WD)
		case KindMask:
			for wd := range r.Masked() {
				if at, ok := watches[wd]; ok {
					kept[at].N = int64(r.Mask)
				}
			}
			continue
		}
		kept = append(kept, r)
	}
	return kept
}
