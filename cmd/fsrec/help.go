package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// verbHelp keeps the lines of a description as they are: examples must not be wrapped.
const verbHelp = `fsrec {{.Name}}: {{.Usage}}

USAGE:
   {{.UsageText}}

{{.Description}}

FLAGS:
`

// helpWidth is how wide a line of help may be, in columns.
const helpWidth = 80

// helpTemplate is the help of a verb. The flags are laid out here, since those
// of package cli are as long as they come.
func helpTemplate(cmd *cli.Command) string {
	rows := make([][2]string, 0, len(cmd.Flags)+1)
	wide := 0
	for _, f := range append(cmd.Flags[:len(cmd.Flags):len(cmd.Flags)], cli.HelpFlag) {
		row := flagRow(f)
		rows, wide = append(rows, row), max(wide, len(row[0]))
	}
	var b strings.Builder
	b.WriteString(verbHelp)
	margin := strings.Repeat(" ", 3+wide+2)
	for _, row := range rows {
		left := fmt.Sprintf("   %-*s  ", wide, row[0])
		for _, line := range wrapped(row[1], helpWidth-len(margin)) {
			b.WriteString(left + line + "\n")
			left = margin
		}
	}
	return b.String()
}

// flagRow gives what to write and what it is for.
func flagRow(f cli.Flag) [2]string {
	_, about, _ := strings.Cut(f.String(), "\t")
	var long, short string
	for _, name := range f.Names() {
		if len(name) == 1 {
			short = dashed(name) + ", "
		} else {
			long = dashed(name)
		}
	}
	value := ""
	if doc, ok := f.(cli.DocGenerationFlag); ok && doc.TakesValue() {
		_, rest, _ := strings.Cut(doc.GetUsage(), "`")
		value, _, _ = strings.Cut(rest, "`")
		value = " " + value
	}
	return [2]string{short + long + value, about}
}

// wrapped splits text between words into lines of at most width columns, and has one line at least.
func wrapped(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len(*last)+1+len(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
