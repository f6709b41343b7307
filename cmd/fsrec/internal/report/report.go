// Package report gathers what there is to say about a recording, and prints it
// for people and as JSON.
package report

import (
	"context"
	"maps"
	"slices"
	"time"

	"fsrec/store"
	"fsrec/watcher/event"
)

// maxListed bounds the lists of a Report; its counts are of everything.
const maxListed = 1000

// Report is what fsrec info says about a recording. Its JSON form is a promise.
type Report struct {
	Log           string       `json:"log"`
	FormatVersion int          `json:"format_version,omitempty"` // 0 for the text form
	Complete      bool         `json:"complete"`                 // ended by its recorder, and closed
	End           *End         `json:"end,omitempty"`            // nil if there is no end record
	Header        event.Header `json:"header"`
	Duration      int64        `json:"duration_ns"` // until the last record
	Records       uint64       `json:"records"`
	Events        uint64       `json:"events"` // without those that the recorder's own listings caused
	Synthetic     uint64       `json:"synthetic"`
	Own           uint64       `json:"own"`
	Rate          float64      `json:"events_per_second"`
	Size          int64        `json:"size_bytes,omitempty"`
	BytesPerEvent float64      `json:"bytes_per_event,omitempty"`
	ByEvent       []Count      `json:"by_event"`
	ByAction      []Count      `json:"by_action,omitempty"`  // changes of Windows
	Filter        string       `json:"filter,omitempty"`     // that Windows was given, of all watches together
	Unrecorded    event.Mask   `json:"unrecorded,omitempty"` // part of what was asked for that the backend never tells
	ByKind        []Count      `json:"by_kind"`
	Watches       Watches      `json:"watches"`
	Losses        uint64       `json:"losses"`
	Lost          []Loss       `json:"lost,omitempty"` // the first 1000
	Failures      uint64       `json:"failures"`
	Failed        []Failure    `json:"failed,omitempty"` // the first 1000
	Marks         []Mark       `json:"marks,omitempty"`  // the first 1000

	cut bool // not Complete for want of an end record
}

// End says why a recording ended.
type End struct {
	Reason string `json:"reason"`
	Status int64  `json:"status"` // of the recorded command
}

// Count is how often a name occurs.
type Count struct {
	Name string `json:"name"`
	N    uint64 `json:"count"`
}

// Watches is how the watch table fared.
type Watches struct {
	AtEnd   int    `json:"at_end"`
	Changes uint64 `json:"changes"`
}

// Loss is a window in which events are missing.
type Loss struct {
	Seq   uint64 `json:"seq"`
	Cause string `json:"cause"`
	Count int64  `json:"count"` // -1 if not known
	From  int64  `json:"from_ns"`
	To    int64  `json:"to_ns"`
}

// Failure is a path that could not be watched or listed.
type Failure struct {
	Seq   uint64        `json:"seq"`
	Op    string        `json:"op"`
	Path  event.Strings `json:"path"` // one
	Errno int64         `json:"errno"`
}

// Mark is a note in a recording.
type Mark struct {
	Seq  uint64 `json:"seq"`
	Time int64  `json:"t"`
	Text string `json:"text"`
}

// Source is a recording to be reported on. Info is nil for the text form.
type Source struct {
	Name string
	Log  event.Log
	Info *store.Info
	Size int64
}

// New gathers a report. A log that counted itself is read through only where it
// holds something that has to be listed.
func New(ctx context.Context, s Source) (*Report, error) {
	r := &Report{Log: s.Name, Header: s.Log.Header(), Size: s.Size, Complete: true}
	info := s.Info
	list := true
	if info == nil {
		counted, err := countAll(ctx, s.Log)
		if err != nil {
			return nil, err
		}
		info = counted
		r.Complete, r.cut = info.Complete, !info.Complete
	} else {
		r.FormatVersion, r.Size = info.FormatVersion, info.Size
		r.Complete = info.Complete && info.Kinds[event.KindEnd] > 0
		r.cut = info.Complete && !r.Complete
		list = info.Kinds[event.KindLoss]+info.Kinds[event.KindFail]+info.Kinds[event.KindMark] > 0
	}
	r.count(info)
	from := info.LastSeq // for the end record
	if list {
		from = 0
	}
	if err := s.Log.Seek(from); err != nil {
		return nil, err
	}
	if err := r.list(ctx, s.Log); err != nil {
		return nil, err
	}
	if err := r.filters(s.Log); err != nil {
		return nil, err
	}
	table, err := s.Log.TableAt(info.LastSeq + 1)
	if err != nil {
		return nil, err
	}
	r.Watches = Watches{AtEnd: table.Len(), Changes: info.TableChanges}
	return r, nil
}

func (r *Report) count(info *store.Info) {
	r.Records, r.Synthetic, r.Own, r.Duration = info.Records, info.Synthetic, info.Own, info.LastTime
	r.Events = info.Delivered()
	if sec := time.Duration(r.Duration).Seconds(); sec > 0 {
		r.Rate = float64(r.Events) / sec
	}
	if r.Events > 0 {
		r.BytesPerEvent = float64(r.Size) / float64(r.Events)
	}
	for _, m := range info.EventMasks() {
		if m != event.IN_ISDIR {
			r.ByEvent = append(r.ByEvent, Count{m.String(), info.Events[m]})
		}
	}
	for _, a := range slices.Sorted(maps.Keys(info.Changes)) {
		r.ByAction = append(r.ByAction, Count{a.String(), info.Changes[a]})
	}
	for _, k := range event.Kinds() {
		if n := info.Kinds[k]; n > 0 {
			r.ByKind = append(r.ByKind, Count{k.String(), n})
		}
	}
	r.Losses, r.Failures = info.Kinds[event.KindLoss], info.Kinds[event.KindFail]
}

// filters tells what Windows was asked for in place of the mask, and what of the
// mask a backend never tells.
func (r *Report) filters(log event.Log) error {
	r.Unrecorded = Untold(r.Header.Backend, r.Header.Mask, true)
	if r.Header.Backend != "rdcw" {
		return nil
	}
	changes, err := log.TableChanges(nil)
	if err != nil {
		return err
	}
	var all event.Filter
	onlyDirs := true
	for i := range changes {
		all |= event.Filter(changes[i].P)
		onlyDirs = onlyDirs && (changes[i].Kind != event.KindWatch || changes[i].Flags&event.FlagDir != 0)
	}
	if all != 0 {
		r.Filter = all.String()
	}
	r.Unrecorded = Untold(r.Header.Backend, r.Header.Mask, onlyDirs)
	return nil
}

// Untold is the events of m of which a backend never tells, of directories or of anything.
func Untold(backend string, m event.Mask, dir bool) event.Mask {
	switch backend {
	case "poll":
		return m & (event.IN_ACCESS | event.IN_OPEN | event.IN_CLOSE)
	case "rdcw":
		return m.Untold(dir)
	}
	return 0
}

// list collects the records that are told one by one, from the current place on.
func (r *Report) list(ctx context.Context, log event.Log) error {
	return each(ctx, log, func(rec *event.Record) {
		switch rec.Kind {
		case event.KindLoss:
			if len(r.Lost) < maxListed {
				r.Lost = append(r.Lost, Loss{rec.Seq, rec.Name, rec.N, rec.M, rec.Time})
			}
		case event.KindFail:
			if len(r.Failed) < maxListed {
				r.Failed = append(r.Failed, Failure{rec.Seq, rec.Name, event.Strings{rec.Path}, rec.N})
			}
		case event.KindMark:
			if len(r.Marks) < maxListed {
				r.Marks = append(r.Marks, Mark{rec.Seq, rec.Time, rec.Name})
			}
		case event.KindEnd:
			r.End = &End{rec.Name, rec.N}
		}
	})
}

// countAll counts what a log would have counted itself.
func countAll(ctx context.Context, log event.Log) (*store.Info, error) {
	info := &store.Info{Kinds: make(map[event.Kind]uint64), Events: make(map[event.Mask]uint64), Changes: make(map[event.Action]uint64)}
	err := each(ctx, log, func(rec *event.Record) {
		if info.Records == 0 {
			info.FirstSeq, info.FirstTime = rec.Seq, rec.Time
		}
		info.Records++
		info.LastSeq, info.LastTime = rec.Seq, rec.Time
		info.Kinds[rec.Kind]++
		if rec.IsTableChange() {
			info.TableChanges++
		}
		info.Complete = rec.Kind == event.KindEnd
		if rec.Kind != event.KindEvent && rec.Kind != event.KindChange {
			return
		}
		if rec.Flags&event.FlagOwn != 0 {
			info.Own++
			return
		}
		if rec.Flags&event.FlagSynthetic != 0 {
			info.Synthetic++
		}
		if rec.Kind == event.KindChange {
			info.Changes[min(rec.Action(), 255)]++ // as store counts them
			return
		}
		for bits := rec.Mask; bits != 0; bits &= bits - 1 {
			info.Events[bits&-bits]++
		}
	})
	return info, err
}

func each(ctx context.Context, log event.Log, visit func(*event.Record)) error {
	for batch, err := range event.Batches(ctx, log) {
		if err != nil {
			return err
		}
		for i := range batch {
			visit(&batch[i])
		}
	}
	return nil
}
