package comparison

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"

	"fsrec/replayer/diff"
	"fsrec/watcher/event"
)

// writeJSON writes a result as one object, a difference a line, so that one with
// many of them is not held twice.
func writeJSON(w io.Writer, r *diff.Result) error {
	out := bufio.NewWriterSize(w, 64<<10)
	short := *r
	short.Differences = []diff.Difference{}
	head, err := encoded(&short, "  ")
	if err != nil {
		return err
	}
	const end = "\"differences\": []"
	before, after, _ := bytes.Cut(head, []byte(end))
	out.Write(before)
	out.WriteString("\"differences\": [")
	for i := range r.Differences {
		one, err := encoded(&r.Differences[i], "")
		if err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n    ")
		if _, err := out.Write(bytes.TrimSuffix(one, []byte("\n"))); err != nil {
			return err
		}
	}
	if len(r.Differences) > 0 {
		out.WriteString("\n  ")
	}
	out.WriteByte(']')
	out.Write(after)
	return out.Flush()
}

func encoded(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return event.EscapeJSON(b.Bytes()), nil
}
