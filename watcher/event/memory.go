package event

import (
	"context"
	"io"
	"sort"
)

// MemoryLog is a Log whose records are in memory: a golden, a test's own
// recording, the text form from a pipe. It is a Writer too.
type MemoryLog struct {
	header  Header
	records []Record
	next    int
}

// NewMemoryLog gives a log with a header and records, which it takes over.
// Records must be in the order of Seq.
func NewMemoryLog(h Header, records []Record) *MemoryLog {
	return &MemoryLog{header: h, records: records}
}

// ReadAll reads r to its end into a MemoryLog.
func ReadAll(ctx context.Context, h Header, r Reader) (*MemoryLog, error) {
	m := NewMemoryLog(h, nil)
	for batch, err := range Batches(ctx, r) {
		if err != nil {
			return nil, err
		}
		m.records = append(m.records, batch...)
	}
	return m, nil
}

// ReadText reads the text form of a recording to its end into a MemoryLog. The error is a *SyntaxError where
// the text is wrong.
func ReadText(ctx context.Context, r io.Reader) (*MemoryLog, error) {
	text, err := NewTextReader(r)
	if err != nil {
		return nil, err
	}
	return ReadAll(ctx, text.Header(), text)
}

// Records are all records, to be looked at only.
func (m *MemoryLog) Records() []Record { return m.records }

// Header describes the recording.
func (m *MemoryLog) Header() Header { return m.header }

// Write appends records.
func (m *MemoryLog) Write(records []Record) error {
	m.records = append(m.records, records...)
	return nil
}

// memoryBatch is how many records one Read of a MemoryLog returns at most.
const memoryBatch = 4096

// Read implements Reader.
func (m *MemoryLog) Read(ctx context.Context, to []Record) ([]Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rest := m.records[m.next:]
	if len(rest) == 0 {
		return nil, io.EOF
	}
	rest = rest[:min(len(rest), memoryBatch)]
	m.next += len(rest)
	return append(to[:0], rest...), nil
}

// Seek implements Log.
func (m *MemoryLog) Seek(seq uint64) error {
	m.next = m.index(seq)
	return nil
}

func (m *MemoryLog) index(seq uint64) int {
	return sort.Search(len(m.records), func(i int) bool { return m.records[i].Seq >= seq })
}

// SeqAt implements Log.
func (m *MemoryLog) SeqAt(t int64) (uint64, error) {
	i := sort.Search(len(m.records), func(i int) bool { return m.records[i].Time >= t })
	switch {
	case i < len(m.records):
		return m.records[i].Seq, nil
	case i == 0:
		return 1, nil
	}
	return m.records[i-1].Seq + 1, nil
}

// TableChanges implements Log.
func (m *MemoryLog) TableChanges(to []Record) ([]Record, error) {
	to = to[:0]
	for i := range m.records {
		if m.records[i].IsTableChange() {
			to = append(to, m.records[i])
		}
	}
	return to, nil
}

// TableAt implements Log.
func (m *MemoryLog) TableAt(seq uint64) (*Table, error) {
	t := NewTable(m.header.Platform)
	for i := range m.records[:m.index(seq)] {
		t.Apply(&m.records[i])
	}
	return t, nil
}
