package format

import (
	"encoding/base64"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"fsrec/watcher"
)

func newJSON(Options) Printer { return appendJSON }

// appendJSON prints the same bytes on every terminal, file and pipe.
func appendJSON(b []byte, ev *watcher.Event) []byte {
	b = strconv.AppendUint(append(b, `{"seq":`...), ev.Seq, 10)
	b = strconv.AppendInt(append(b, `,"t":`...), int64(ev.Time), 10)
	b = strconv.AppendInt(append(b, `,"wd":`...), int64(ev.WD), 10)
	b = append(append(append(b, `,"mask":"`...), ev.Maskname()...), '"')
	b = appendJSONField(b, "path", ev.Path)
	b = appendJSONField(b, "name", ev.Name)
	b = appendJSONField(b, "pathname", ev.Pathname)
	b = strconv.AppendBool(append(b, `,"dir":`...), ev.Dir)
	if ev.Cookie != 0 {
		b = strconv.AppendUint(append(b, `,"cookie":`...), uint64(ev.Cookie), 10)
	}
	if ev.SrcPathname != "" {
		b = appendJSONField(b, "src_pathname", ev.SrcPathname)
	}
	if ev.Synthetic {
		b = append(b, `,"synthetic":true`...)
	}
	if ev.Inferred {
		b = append(b, `,"inferred":true`...)
	}
	if ev.DirUnknown {
		b = append(b, `,"dir_unknown":true`...)
	}
	return append(b, '}', '\n')
}

// appendJSONField appends ,"key":"value", and the bytes of value as key_b64
// where they are not UTF-8.
func appendJSONField(b []byte, key, value string) []byte {
	b = append(append(append(b, ',', '"'), key...), '"', ':')
	b = AppendJSONString(b, value)
	if !utf8.ValidString(value) {
		b = append(append(append(b, ',', '"'), key...), `_b64":"`...)
		b = base64.StdEncoding.AppendEncode(b, []byte(value))
		b = append(b, '"')
	}
	return b
}

// AppendJSONString appends s in quotes. What is not printable is escaped, not
// only what JSON asks for, so that JSON can be read on a terminal; bytes that are
// not UTF-8 become U+FFFD.
func AppendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	for len(s) > 0 {
		plain := 0
		for plain < len(s) && s[plain] >= ' ' && s[plain] < 0x7f && s[plain] != '"' && s[plain] != '\\' {
			plain++
		}
		b = append(b, s[:plain]...)
		if s = s[plain:]; s == "" {
			break
		}
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r == '\t':
			b = append(b, '\\', 't')
		case r == utf8.RuneError && size == 1:
			b = append(b, "\uFFFD"...)
		case strconv.IsPrint(r):
			b = append(b, s[:size]...)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			b = appendUnicode(appendUnicode(b, hi), lo)
		default:
			b = appendUnicode(b, r)
		}
		s = s[size:]
	}
	return append(b, '"')
}

func appendUnicode(b []byte, r rune) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[r>>12&15], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}
