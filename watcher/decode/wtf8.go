package decode

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// WTF-8 (https://simonsapin.github.io/wtf-8) is UTF-8 in which a surrogate that
// has no partner stands as the three bytes that its number would take. So every
// sequence of UTF-16 units has one form, and the units come back from it.

// unitAt gives the character that starts the UTF-16LE text b, a lone surrogate
// as itself, and the bytes that it takes.
func unitAt(b []byte) (r rune, size int) {
	r = rune(binary.LittleEndian.Uint16(b))
	if utf16.IsSurrogate(r) && len(b) >= 4 {
		if pair := utf16.DecodeRune(r, rune(binary.LittleEndian.Uint16(b[2:]))); pair != utf8.RuneError {
			return pair, 4
		}
	}
	return r, 2
}

// wtf8Len is how many bytes writeWTF8 writes.
func wtf8Len(b []byte) (n int) {
	for len(b) > 0 {
		r, size := unitAt(b)
		switch {
		case r < 0x80:
			n++
		case r < 0x800:
			n += 2
		case r < 0x10000:
			n += 3
		default:
			n += 4
		}
		b = b[size:]
	}
	return n
}

// writeWTF8 writes the UTF-16LE text b.
func writeWTF8(to *strings.Builder, b []byte) {
	for len(b) > 0 {
		r, size := unitAt(b)
		switch {
		case r < utf8.RuneSelf:
			to.WriteByte(byte(r))
		case utf16.IsSurrogate(r):
			to.WriteByte(0xe0 | byte(r>>12))
			to.WriteByte(0x80 | byte(r>>6)&0x3f)
			to.WriteByte(0x80 | byte(r)&0x3f)
		default:
			to.WriteRune(r)
		}
		b = b[size:]
	}
}

// AppendUTF16 appends the UTF-16LE form of s, which is WTF-8. A byte that is
// not becomes U+FFFD.
func AppendUTF16(b []byte, s string) []byte {
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			if lone, ok := surrogateAt(s); ok {
				r, size = lone, 3
			}
		}
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			b = binary.LittleEndian.AppendUint16(b, uint16(high))
			r = low
		}
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
		s = s[size:]
	}
	return b
}

// surrogateAt reads a surrogate in its three bytes.
func surrogateAt(s string) (rune, bool) {
	if len(s) < 3 || s[0] != 0xed || s[1]&0xe0 != 0xa0 || s[2]&0xc0 != 0x80 {
		return 0, false
	}
	return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), true
}
