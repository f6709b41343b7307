// Package complete writes completion scripts for shells. A script is made from
// the table of verbs and needs nothing from fsrec when it runs.
package complete

import (
	"fmt"
	"strings"
)

// Verb is what a script needs to know of a verb.
type Verb struct {
	Name, About string
	Flags       []Flag
	Words       []string // that its arguments can be
	NoFiles     bool     // its arguments cannot be names of files
}

// Flag is one flag of a verb.
type Flag struct {
	Names      []string // without dashes
	About      string
	TakesValue bool
	Values     []string // the words that fit, nil for file names
}

// Shells lists the shells.
var Shells = []string{"bash", "zsh", "fish"}

// Script gives the script for a shell.
func Script(shell string, verbs []Verb) (string, error) {
	switch shell {
	case "bash":
		return bash(verbs), nil
	case "zsh":
		return zsh(verbs), nil
	case "fish":
		return fish(verbs), nil
	}
	return "", fmt.Errorf("unknown shell %q: want %s", shell, strings.Join(Shells, ", "))
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func (f Flag) words() []string {
	words := make([]string, len(f.Names))
	for i, n := range f.Names {
		words[i] = dashed(n)
	}
	return words
}

func bash(verbs []Verb) string {
	var b strings.Builder
	b.WriteString(`# bash completion for fsrec; put it in ~/.bashrc: eval "$(fsrec completion bash)"
_fsrec() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]} words= files=
    local before=
    COMPREPLY=()
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="`)
	for i, v := range verbs {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.Name)
	}
	b.WriteString(` --help --version"
    else
        case "$verb $prev" in
`)
	for _, v := range verbs {
		for _, f := range v.Flags {
			if len(f.Values) == 0 {
				continue
			}
			for i, w := range f.words() {
				if i > 0 {
					b.WriteByte('|')
				} else {
					b.WriteString("        ")
				}
				fmt.Fprintf(&b, `"%s %s"`, v.Name, w)
			}
			fmt.Fprintf(&b, ") words=\"%s\" ;;\n", strings.Join(f.Values, " "))
		}
	}
	b.WriteString("        *)\n            case \"$verb $cur\" in\n")
	for _, v := range verbs {
		var all []string
		for _, f := range v.Flags {
			all = append(all, f.words()...)
		}
		fmt.Fprintf(&b, "            \"%s -\"*) words=\"%s\" ;;\n", v.Name, strings.Join(append(all, "--help"), " "))
	}
	for _, v := range verbs {
		if len(v.Words) > 0 {
			files := "files=1 "
			if v.NoFiles {
				files = ""
			}
			fmt.Fprintf(&b, "            \"%s \"*) %swords=\"%s\" ;;\n", v.Name, files, strings.Join(v.Words, " "))
		}
	}
	b.WriteString(`            esac ;;
        esac
    fi
    if [ -n "$words" ]; then
        case $cur in
        *,*) before=${cur%,*}, cur=${cur##*,} ;;
        esac
        COMPREPLY=($(compgen -P "$before" -W "$words" -- "$cur"))
    fi
    if [ -n "$files" ] || [ -z "$words" ]; then
        compopt -o filenames 2>/dev/null
        local IFS=$'\n'
        COMPREPLY+=($(compgen -f -- "$before$cur"))
    fi
}
complete -F _fsrec fsrec
`)
	return b.String()
}

// zshQuote makes s fit between single quotes in a spec of _arguments.
func zshQuote(s string) string {
	return strings.NewReplacer("'", `'\''`, "[", `\[`, "]", `\]`, ":", `\:`).Replace(s)
}

func zsh(verbs []Verb) string {
	var b strings.Builder
	b.WriteString(`#compdef fsrec
# zsh completion for fsrec; put it in ~/.zshrc after compinit: eval "$(fsrec completion zsh)"
_fsrec() {
    local -a verbs
    verbs=(
`)
	for _, v := range verbs {
		fmt.Fprintf(&b, "        '%s:%s'\n", v.Name, zshQuote(v.About))
	}
	b.WriteString(`    )
    if (( CURRENT == 2 )); then
        _describe verb verbs
        return
    fi
    case ${words[2]} in
`)
	for _, v := range verbs {
		fmt.Fprintf(&b, "    %s)\n        shift words; (( CURRENT-- ))\n        _arguments -s", v.Name)
		for _, f := range v.Flags {
			for _, w := range f.words() {
				value := ""
				switch {
				case len(f.Values) > 0:
					value = ":value:(" + strings.Join(f.Values, " ") + ")"
				case f.TakesValue:
					value = ":value:_files"
				}
				fmt.Fprintf(&b, " \\\n            '*%s[%s]%s'", w, zshQuote(f.About), value)
			}
		}
		argument := "*:file:_files"
		switch words := strings.Join(v.Words, " "); {
		case words != "" && v.NoFiles:
			argument = "1:word:(" + words + ")"
		case words != "":
			argument = "1:word or file:_fsrec_" + v.Name
		}
		fmt.Fprintf(&b, " \\\n            '%s'\n        ;;\n", argument)
	}
	b.WriteString("    esac\n}\n")
	for _, v := range verbs {
		if len(v.Words) > 0 && !v.NoFiles {
			fmt.Fprintf(&b, "_fsrec_%s() {\n    _alternative 'words:word:(%s)' 'files:file:_files'\n}\n", v.Name, strings.Join(v.Words, " "))
		}
	}
	b.WriteString("compdef _fsrec fsrec\n")
	return b.String()
}

func fishQuote(s string) string {
	return strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s)
}

func fish(verbs []Verb) string {
	var b strings.Builder
	b.WriteString("# fish completion for fsrec; fsrec completion fish > ~/.config/fish/completions/fsrec.fish\n")
	for _, v := range verbs {
		fmt.Fprintf(&b, "complete -c fsrec -n __fish_use_subcommand -f -a %s -d '%s'\n", v.Name, fishQuote(v.About))
	}
	for _, v := range verbs {
		for _, f := range v.Flags {
			fmt.Fprintf(&b, "complete -c fsrec -n '__fish_seen_subcommand_from %s'", v.Name)
			for _, n := range f.Names {
				if len(n) == 1 {
					b.WriteString(" -s " + n)
				} else {
					b.WriteString(" -l " + n)
				}
			}
			switch {
			case len(f.Values) > 0:
				fmt.Fprintf(&b, " -x -a '%s'", strings.Join(f.Values, " "))
			case f.TakesValue:
				b.WriteString(" -r")
			}
			fmt.Fprintf(&b, " -d '%s'\n", fishQuote(f.About))
		}
	}
	for _, v := range verbs {
		if len(v.Words) > 0 {
			noFiles := ""
			if v.NoFiles {
				noFiles = " -f"
			}
			fmt.Fprintf(&b, "complete -c fsrec -n '__fish_seen_subcommand_from %s'%s -a '%s'\n", v.Name, noFiles, strings.Join(v.Words, " "))
		}
	}
	return b.String()
}
