package live

import (
	"fsrec/watcher/event"
	"os"
)

var debugBelow = os.Getenv("DBG") != ""

func text2(rs []event.Record) string {
	var b []byte
	for i := range rs {
		b = append(event.AppendText(b, &rs[i]), '\n')
	}
	return string(b)
}
