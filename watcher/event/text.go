package event

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// SyntaxError says where a text form is wrong.
type SyntaxError struct {
	Line int    // from 1; 0 where a single line was parsed
	Word string // the part that was not understood
	Msg  string // what is wrong with it
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", Excerpt(e.Word), e.Msg)
	}
	return fmt.Sprintf("line %d: %s: %s", e.Line, Excerpt(e.Word), e.Msg)
}

// AppendText appends r in the text form, without a newline.
func AppendText(b []byte, r *Record) []byte {
	b = strconv.AppendUint(b, r.Seq, 10)
	b = append(b, ' ')
	b = AppendSeconds(b, r.Time)
	b = append(b, ' ')
	spec := r.Kind.spec()
	if spec == nil {
		return append(b, "unknown"...)
	}
	b = append(b, spec.name...)
	for _, f := range flagNames {
		if r.Flags&f.flag != 0 {
			b = append(b, ' ')
			b = append(b, f.name...)
		}
	}
	for _, f := range spec.fields {
		b = r.appendField(b, f)
	}
	return b
}

func (r *Record) appendField(b []byte, f fieldSpec) []byte {
	if text := r.text(f.field); text != nil {
		if *text != "" {
			b = append(append(append(b, ' '), f.key...), '=')
			b = strconv.AppendQuote(b, *text)
		}
		return b
	}
	n := r.number(f.field)
	if n == 0 {
		return b
	}
	b = append(append(append(b, ' '), f.key...), '=')
	switch f.format {
	case octal:
		return strconv.AppendInt(append(b, '0'), n, 8)
	case hexadecimal:
		return strconv.AppendUint(append(b, "0x"...), uint64(n), 16)
	case maskBits:
		return Mask(n).append(b)
	case actionName:
		return append(b, Action(n).String()...)
	case filterBits:
		return append(b, Filter(n).String()...)
	}
	return strconv.AppendInt(b, n, 10)
}

// AppendSeconds appends ns nanoseconds as seconds with nine decimals.
func AppendSeconds(b []byte, ns int64) []byte {
	u := uint64(ns)
	if ns < 0 {
		b = append(b, '-')
		u = -u
	}
	b = strconv.AppendUint(b, u/1e9, 10)
	b = append(b, '.')
	var frac [9]byte
	u %= 1e9
	for i := len(frac) - 1; i >= 0; i-- {
		frac[i] = byte('0' + u%10)
		u /= 10
	}
	return append(b, frac[:]...)
}

// ParseSeconds reads what AppendSeconds writes, and fewer decimals.
func ParseSeconds(s string) (ns int64, err error) {
	bad := func() (int64, error) {
		return 0, &SyntaxError{Word: s, Msg: "not a time: want seconds with at most nine decimals, such as 1.250000000"}
	}
	digits, negative := strings.CutPrefix(s, "-")
	whole, frac, _ := strings.Cut(digits, ".")
	if len(frac) > 9 || whole == "" {
		return bad()
	}
	sec, err := strconv.ParseUint(whole, 10, 64)
	if err != nil || sec > math.MaxInt64/uint64(1e9) {
		return bad()
	}
	n, err := strconv.ParseUint(frac+"000000000"[len(frac):], 10, 64)
	if err != nil || sec*1e9+n > math.MaxInt64 {
		return bad()
	}
	ns = int64(sec*1e9 + n)
	if negative {
		ns = -ns
	}
	return ns, nil
}

// ParseText reads one record from what AppendText wrote. The error is a *SyntaxError.
func ParseText(line string) (Record, error) {
	var r Record
	seq, rest := cutWord(line)
	n, err := strconv.ParseUint(seq, 10, 64)
	if err != nil {
		return r, &SyntaxError{Word: seq, Msg: "not a sequence number"}
	}
	r.Seq = n
	seconds, rest := cutWord(rest)
	if r.Time, err = ParseSeconds(seconds); err != nil {
		return r, err
	}
	name, rest := cutWord(rest)
	spec := kindNamed(name)
	if spec == nil {
		return r, &SyntaxError{Word: name, Msg: "not a kind of record: want one of " + kindNames()}
	}
	r.Kind = spec.kind
	seen := 0
	for rest != "" {
		var word string
		if word, rest, err = cutField(rest); err != nil {
			return r, err
		}
		if err := r.parseField(spec, word, &seen); err != nil {
			return r, err
		}
	}
	return r, nil
}

// parseField stores one flag or KEY=VALUE; seen has a bit for each key and flag that came before.
func (r *Record) parseField(spec *kindSpec, word string, seen *int) error {
	key, value, hasValue := strings.Cut(word, "=")
	if !hasValue {
		for _, f := range flagNames {
			if f.name == word && r.Flags&f.flag == 0 {
				r.Flags |= f.flag
				return nil
			}
		}
		return &SyntaxError{Word: word, Msg: "not a flag, or a flag given twice"}
	}
	for i, f := range spec.fields {
		if f.key != key {
			continue
		}
		if *seen&(1<<i) != 0 {
			return &SyntaxError{Word: word, Msg: "key given twice"}
		}
		*seen |= 1 << i
		return r.setField(f, word, value)
	}
	return &SyntaxError{Word: word, Msg: fmt.Sprintf("a %s record has no %s", spec.name, key)}
}

func (r *Record) setField(f fieldSpec, word, value string) error {
	if text := r.text(f.field); text != nil {
		s, err := strconv.Unquote(value)
		if err != nil || value[0] != '"' {
			return &SyntaxError{Word: word, Msg: "not a quoted string"}
		}
		*text = s
		return nil
	}
	var n int64
	var err error
	switch f.format {
	case maskBits:
		var m Mask
		m, err = ParseMask(value)
		n = int64(m)
	case octal:
		n, err = strconv.ParseInt(value, 8, 64)
	case hexadecimal:
		var u uint64
		u, err = strconv.ParseUint(value, 0, 64)
		n = int64(u)
	case actionName:
		var a Action
		a, err = ParseAction(value)
		n = int64(a)
	case filterBits:
		var f Filter
		f, err = ParseFilter(value)
		n = int64(f)
	default:
		n, err = strconv.ParseInt(value, 10, 64)
	}
	if unknown := new(UnknownNameError); errors.As(err, &unknown) {
		word = unknown.Name // of what can be a long list
	}
	if err != nil || !r.setNumber(f.field, n) {
		return &SyntaxError{Word: word, Msg: "not a value that fits " + f.key}
	}
	return nil
}

func kindNamed(name string) *kindSpec {
	for i := range kinds {
		if kinds[i].name == name {
			return &kinds[i]
		}
	}
	return nil
}

func kindNames() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return strings.Join(names, ", ")
}

func cutWord(s string) (word, rest string) {
	word, rest, _ = strings.Cut(strings.TrimLeft(s, " \t"), " ")
	return word, strings.TrimLeft(rest, " \t")
}

// cutField cuts a flag or KEY=VALUE, whose quoted value may hold blanks.
func cutField(s string) (word, rest string, err error) {
	i := strings.IndexAny(s, " \t\"")
	if i < 0 {
		return s, "", nil
	}
	if s[i] != '"' {
		return s[:i], strings.TrimLeft(s[i:], " \t"), nil
	}
	q, err := strconv.QuotedPrefix(s[i:])
	if err != nil {
		return "", "", &SyntaxError{Word: s, Msg: "a quoted string that does not end or holds a bad escape"}
	}
	end := i + len(q)
	if end < len(s) && s[end] != ' ' && s[end] != '\t' {
		return "", "", &SyntaxError{Word: s, Msg: "want a blank after a quoted string"}
	}
	return s[:end], strings.TrimLeft(s[end:], " \t"), nil
}

// textMagic is the first line of a text form; the number is its version.
const textMagic = "fsrec-text 1"

// maxLine bounds the length of a line of a text form: two paths of 32,767
// UTF-16 units, escaped, and some room.
const maxLine = 1 << 20

// TextWriter writes the text form of a recording. It is a Writer.
type TextWriter struct {
	w   io.Writer
	buf []byte
}

// NewTextWriter writes the header to w.
func NewTextWriter(w io.Writer, h *Header) (*TextWriter, error) {
	b := append([]byte(textMagic), '\n')
	var err error
	if b, err = appendHeader(b, h); err != nil {
		return nil, err
	}
	_, err = w.Write(b)
	return &TextWriter{w: w}, err
}

// Write writes a line a record.
func (t *TextWriter) Write(records []Record) error {
	t.buf = t.buf[:0]
	for i := range records {
		t.buf = append(AppendText(t.buf, &records[i]), '\n')
	}
	_, err := t.w.Write(t.buf)
	return err
}

// appendHeader writes one line a field of the header's JSON form, in its order.
func appendHeader(b []byte, h *Header) ([]byte, error) {
	all, err := marshal(h)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(strings.NewReader(string(all)))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		b = fmt.Appendf(b, "header %s %s\n", key, value)
	}
	return b, nil
}

// TextReader reads the text form of a recording. It is a Reader.
type TextReader struct {
	lines   *bufio.Scanner
	line    int
	header  Header
	pending *Record // read while looking for the end of the header
	err     error   // to be returned from now on
}

// textBatch is how many records one Read of a TextReader returns at most.
const textBatch = 4096

// NewTextReader reads the header from r. The error is a *SyntaxError where the text is wrong.
func NewTextReader(r io.Reader) (*TextReader, error) {
	t := &TextReader{lines: bufio.NewScanner(r)}
	t.lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	first, err := t.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if first != textMagic {
		return nil, &SyntaxError{Line: max(t.line, 1), Word: first, Msg: fmt.Sprintf("not the text form of a recording: want %q", textMagic)}
	}
	fields := make(map[string]json.RawMessage)
	for {
		line, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rest, isHeader := strings.CutPrefix(line, "header ")
		if !isHeader {
			record, err := t.parse(line)
			if err != nil {
				return nil, err
			}
			t.pending = &record
			break
		}
		key, value, _ := strings.Cut(rest, " ")
		if _, twice := fields[key]; twice || !json.Valid([]byte(value)) {
			return nil, &SyntaxError{Line: t.line, Word: rest, Msg: "want a header key, once, and a JSON value"}
		}
		fields[key] = json.RawMessage(value)
	}
	all, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(strings.NewReader(string(all)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&t.header); err != nil {
		return nil, &SyntaxError{Line: t.line, Word: "header", Msg: err.Error()}
	}
	return t, nil
}

// Header is what stood before the records.
func (t *TextReader) Header() Header { return t.header }

// Read gives up to 4096 records. The error is a *SyntaxError where the text is
// wrong; the records before it are returned first. Reading does not look at ctx.
func (t *TextReader) Read(_ context.Context, to []Record) ([]Record, error) {
	to = to[:0]
	if t.pending != nil {
		to = append(to, *t.pending)
		t.pending = nil
	}
	for t.err == nil && len(to) < textBatch {
		var line string
		if line, t.err = t.next(); t.err != nil {
			break
		}
		var record Record
		if record, t.err = t.parse(line); t.err == nil {
			to = append(to, record)
		}
	}
	if len(to) == 0 {
		return nil, t.err
	}
	return to, nil
}

func (t *TextReader) parse(line string) (Record, error) {
	r, err := ParseText(line)
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		syntax.Line = t.line
	}
	return r, err
}

// next gives the next line that is neither blank nor a comment, or io.EOF.
func (t *TextReader) next() (string, error) {
	for t.lines.Scan() {
		t.line++
		line := strings.TrimRight(t.lines.Text(), " \t\r")
		if line != "" && line[0] != '#' {
			return line, nil
		}
	}
	err := t.lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		return "", &SyntaxError{Line: t.line + 1, Word: "...", Msg: fmt.Sprintf("a line of more than %d bytes", maxLine)}
	}
	if err == nil {
		err = io.EOF
	}
	return "", err
}
