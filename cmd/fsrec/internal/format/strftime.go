package format

import (
	"fmt"
	"strings"
	"time"
)

// timeVerbs are the conversions of strftime(3) in the C locale, each as a layout of package time.
var timeVerbs = map[string]string{
	"%a": "Mon", "%A": "Monday", "%b": "Jan", "%h": "Jan", "%B": "January",
	"%c": "Mon Jan _2 15:04:05 2006", "%d": "02", "%D": "01/02/06", "%e": "_2",
	"%F": "2006-01-02", "%H": "15", "%I": "03", "%j": "002", "%m": "01", "%M": "04",
	"%p": "PM", "%r": "03:04:05 PM", "%R": "15:04", "%S": "05", "%T": "15:04:05",
	"%x": "01/02/06", "%X": "15:04:05", "%y": "06", "%Y": "2006", "%z": "-0700", "%:z": "-07:00", "%Z": "MST",
}

// timeSpecials are those that package time has no layout for.
var timeSpecials = map[string]func(t time.Time) string{
	"%s": func(t time.Time) string { return fmt.Sprint(t.Unix()) },
	"%N": func(t time.Time) string { return fmt.Sprintf("%09d", t.Nanosecond()) },
	"%u": func(t time.Time) string { return fmt.Sprint((int(t.Weekday())+6)%7 + 1) },
	"%w": func(t time.Time) string { return fmt.Sprint(int(t.Weekday())) },
	"%n": func(time.Time) string { return "\n" },
	"%t": func(time.Time) string { return "\t" },
	"%%": func(time.Time) string { return "%" },
}

// cutTime cuts the first conversion off timefmt, which begins with %.
func cutTime(timefmt string) (verb, rest string) {
	size := min(2, len(timefmt))
	if strings.HasPrefix(timefmt, "%:z") {
		size = 3
	}
	return timefmt[:size], timefmt[size:]
}

func checkTime(timefmt string) error {
	for {
		i := strings.IndexByte(timefmt, '%')
		if i < 0 {
			return nil
		}
		var verb string
		verb, timefmt = cutTime(timefmt[i:])
		if timeVerbs[verb] == "" && timeSpecials[verb] == nil {
			return fmt.Errorf("unknown conversion %q in the time format: valid are %%a %%A %%b %%B %%c %%d %%D %%e %%F %%h %%H %%I %%j %%m %%M %%n %%N %%p %%r %%R %%s %%S %%t %%T %%u %%w %%x %%X %%y %%Y %%z %%:z %%Z %%%%", verb)
		}
	}
}

func appendTime(b []byte, timefmt string, t time.Time) []byte {
	for {
		i := strings.IndexByte(timefmt, '%')
		if i < 0 {
			return append(b, timefmt...)
		}
		b = append(b, timefmt[:i]...)
		var verb string
		verb, timefmt = cutTime(timefmt[i:])
		if layout, ok := timeVerbs[verb]; ok {
			b = t.AppendFormat(b, layout)
		} else if special, ok := timeSpecials[verb]; ok {
			b = append(b, special(t)...)
		}
	}
}
