package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Header says what a stranger needs to understand a recording: where and how it
// was made. It holds nothing that names a person or a machine unless Comment
// or Host were filled on request; paths appear as they were recorded.
type Header struct {
	Platform   Platform  `json:"platform"`              // whose path rules and errno the records follow
	Backend    string    `json:"backend"`               // "inotify", "rdcw", "poll", ...
	Kernel     string    `json:"kernel,omitempty"`      // release or build of the operating system
	FileSystem string    `json:"file_system,omitempty"` // of the first root, for example "ext4"
	CaseFold   bool      `json:"case_fold,omitempty"`   // names are compared without regard to case
	Roots      Strings   `json:"roots,omitempty"`       // absolute paths that were asked for
	Mask       Mask      `json:"mask,omitempty"`        // events that were asked for
	Recursive  bool      `json:"recursive,omitempty"`
	AutoAdd    bool      `json:"auto_add,omitempty"`
	Snapshot   bool      `json:"snapshot,omitempty"`          // KindEntry records tell what was there at the start
	Exclude    Strings   `json:"exclude,omitempty"`           // patterns
	Command    Strings   `json:"command,omitempty"`           // the command that was recorded
	Invocation Strings   `json:"invocation,omitempty"`        // command line of the recorder
	Start      time.Time `json:"start"`                       // wall clock at Record.Time 0
	Limits     Limits    `json:"limits"`                      // of the kernel and of the recorder
	Tool       string    `json:"tool,omitempty"`              // name and version of the program that recorded
	Wine       string    `json:"wine,omitempty"`              // version of Wine, where it was Wine
	Citation   *Citation `json:"citation,omitempty"`          // where nothing was recorded: what the records were made from
	Comment    string    `json:"comment,omitempty"`           // as given by the user
	Host       string    `json:"host,omitempty"`              // only on request
	Flush      string    `json:"flush_interval,omitempty"`    // bound of the loss if the recorder is killed
	ReadPause  string    `json:"read_pause,omitempty"`        // wait after a large read, which merges events
	ReadBuffer int       `json:"read_buffer_bytes,omitempty"` // size of the buffer of one read
}

// Citation marks a recording that no system made: its records were written down
// from what a source says that the system sends.
type Citation struct {
	Source     string `json:"source"`               // where it can be read
	Grade      string `json:"grade"`                // what the source rests on: "test", "log", "specification" or "code"; "derived" where it was concluded
	Filter     string `json:"filter,omitempty"`     // filter set of the watch in the source
	Conditions string `json:"conditions,omitempty"` // under which the source saw it
	Order      string `json:"order"`                // "exact", "set" where the source does not say the order, or "pattern": like this it was seen
}

// Limits are bounds that were in force during a recording; 0 is not known.
type Limits struct {
	MaxQueuedEvents  int64 `json:"max_queued_events,omitempty"`
	MaxUserInstances int64 `json:"max_user_instances,omitempty"`
	MaxUserWatches   int64 `json:"max_user_watches,omitempty"`
}

// Strings are byte strings that survive JSON: one that is not UTF-8 becomes an
// object {"b64": "..."} instead of a string.
type Strings []string

type base64String struct {
	Bytes []byte `json:"b64"`
}

// MarshalJSON implements json.Marshaler.
func (s Strings) MarshalJSON() ([]byte, error) {
	all := make([]any, len(s))
	for i, v := range s {
		if utf8.ValidString(v) {
			all[i] = v
		} else {
			all[i] = base64String{[]byte(v)}
		}
	}
	return marshal(all)
}

// marshal is json.Marshal without the escapes that are only of use within HTML:
// a command line stays readable.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return EscapeJSON(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), err
}

// EscapeJSON gives JSON that means the same and can be read on a terminal: package
// json leaves control characters above U+007E, such as U+009B, and those that
// turn the direction of text as they are.
func EscapeJSON(text []byte) []byte {
	shown := func(r rune) bool { return r < 0x7f || strconv.IsPrint(r) }
	if bytes.IndexFunc(text, func(r rune) bool { return !shown(r) }) < 0 {
		return text
	}
	var b []byte
	for _, r := range string(text) {
		switch {
		case shown(r):
			b = utf8.AppendRune(b, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Strings) UnmarshalJSON(b []byte) error {
	var all []json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*s = make(Strings, len(all))
	for i, raw := range all {
		var b64 base64String
		if err := json.Unmarshal(raw, &b64); err == nil {
			(*s)[i] = string(b64.Bytes)
		} else if err := json.Unmarshal(raw, &(*s)[i]); err != nil {
			return err
		}
	}
	return nil
}
