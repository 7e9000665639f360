package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"firstspike/internal/simd"
)

// commands is the command line, as package kong reads it.
type commands struct {
	Help bool `short:"h" help:"Show what a command does, and its flags."`

	Train     trainCommand     `cmd:"" help:"Train a network into a folder, a run."`
	Test      testCommand      `cmd:"" help:"Test a run, or the vote of several: right, wrong, silent, confusion matrix."`
	Predict   predictCommand   `cmd:"" help:"Say which digits are in pictures."`
	Bench     benchCommand     `cmd:"" help:"Measure how fast every stage is."`
	Replicate replicateCommand `cmd:"" help:"Train several seeds, and say what the mean is."`
	Compare   compareCommand   `cmd:"" help:"Compare experiments or runs, seed by seed."`
	Plot      plotCommand      `cmd:"" help:"Draw what a run has learned, how it went, and the way of an image."`
	Report    reportCommand    `cmd:"" help:"Write a page about a run: results, features, errors, experiment."`
	Serve     serveCommand     `cmd:"" help:"Serve a page in the browser: watch runs learn, draw a digit, step through the spikes."`
	Site      siteCommand      `cmd:"" help:"Write that page into a folder that needs no server, with runs to play with."`
	Export    exportCommand    `cmd:"" help:"Write a network for other tools, and how a run went for TensorBoard, as CSV, or as JSON lines."`
	Quantize  quantizeCommand  `cmd:"" help:"Round weights to fewer bits: what that costs, what it brings, and the network in a small file."`
	Energy    energyCommand    `cmd:"" help:"Count the spikes and synaptic operations of an image, and estimate what they cost a chip."`
	Spikes    spikesCommand    `cmd:"" help:"Write the spikes of images through a network as arrays that numpy reads."`
	Import    importCommand    `cmd:"" help:"Make a run of a network that another program, or export, has saved."`
	Doctor    doctorCommand    `cmd:"" help:"Say what is wrong with a network, layer by layer, and what to change."`
	Data      dataCommand      `cmd:"" help:"List, fetch, check and look at what networks learn from."`
	Simulate  simulateCommand  `cmd:"" help:"Show images to a simulated event camera, and keep its recordings."`
	Sweep     sweepCommand     `cmd:"" help:"Train an experiment with many settings and seeds, here or on a cluster."`
	Show      showCommand      `cmd:"" help:"Print an experiment as TOML, with the source of every number."`
	Presets   presetsCommand   `cmd:"" help:"List the published experiments."`
	Conform   conformCommand   `cmd:"" help:"Compare this program with a reference's trace."`
	Cache     cacheCommand     `cmd:"" help:"List the trained layers that are kept for other trainings, or remove them."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

const about = `Spiking networks in which every neuron fires at most once, trained by STDP and reward-modulated STDP.

Train a network on handwritten digits, which are inside, and ask it about a picture:

    firstspike train
    firstspike predict runs/mozafari2018-seed1 digit.png

Look at it in a browser, while it learns or afterwards: draw digits, and step through their spikes:

    firstspike serve

Try the whole road with a tenth of the images and fewer epochs:

    firstspike train --limit 6000 --epochs s3=20 --out runs/try

The exit status is 0 if all went well, 1 if something failed, 2 if the command line is at fault (a flag, a value, or the name of something that is not there or cannot be used), and 130 if a training was interrupted and saved.`

// Exit statuses.
const (
	statusFailed      = 1
	statusUsage       = 2
	statusInterrupted = 130
)

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	defer func() {
		if fault := recover(); fault != nil {
			fmt.Fprintf(os.Stderr, "firstspike: a fault of the program itself: %v (%s); please report it together with the command\n", fault, origin())
			os.Exit(statusFailed)
		}
	}()
	os.Exit(run(os.Args[1:], &streams{os.Stdin, os.Stdout, os.Stderr}))
}

// origin is the place in this program where a panic that was recovered began.
func origin() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	for after := false; ; {
		f, more := frames.Next()
		if after && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		after = after || f.Function == "runtime.gopanic"
		if !more {
			return "place unknown"
		}
	}
}

// run does what the arguments ask for and returns the exit status.
func run(args []string, s *streams) int {
	var c commands
	parser := kong.Must(&c, kong.Name("firstspike"), kong.Description(about), kong.Vars{"formats": formats()}, kong.Writers(s.out, s.err),
		kong.NoDefaultHelp(), kong.KindMapper(reflect.String, kong.MapperFunc(text)),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, WrapUpperBound: 100, FlagsLast: true}))
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(args[1:len(args):len(args)], "--help")
	case args[0] == "--version":
		args = append([]string{"version"}, args[1:]...)
	}
	if err := simd.Err(); err != nil {
		return report(s.err, usageError{fmt.Errorf("%w; unset it for the best there is", err)})
	}
	context, err := arguments(parser, args)
	switch {
	case err != nil:
	case c.Help:
		err = context.PrintUsage(false)
	default:
		err = context.Run(s)
	}
	return report(s.err, err)
}

// report writes an error, a line each if it is several, and returns the exit
// status that it means.
func report(w io.Writer, err error) int {
	var usage usageError
	var silent silentError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &silent):
		return int(silent)
	}
	for _, e := range split(err) {
		fmt.Fprintf(w, "firstspike: %s\n", visible(e.Error()))
	}
	if errors.As(err, &usage) {
		return statusUsage
	}
	return statusFailed
}

// split takes apart what errors.Join has put together. What was said before
// all of it is said before each.
func split(err error) []error {
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var all []error
		for _, part := range e.Unwrap() {
			all = append(all, split(part)...)
		}
		return all
	case interface{ Unwrap() error }:
		within := e.Unwrap()
		if within == nil {
			break
		}
		parts := split(within)
		prefix, ok := strings.CutSuffix(err.Error(), within.Error())
		if len(parts) < 2 || !ok {
			break
		}
		for i, part := range parts {
			parts[i] = fmt.Errorf("%s%w", prefix, part)
		}
		return parts
	}
	return []error{err}
}

// A usageError is what is wrong with a command line.
type usageError []error

func (u usageError) Error() string { return errors.Join(u...).Error() }

func (u usageError) Unwrap() []error { return u }

func (u *usageError) add(format string, args ...any) {
	*u = append(*u, fmt.Errorf(format, args...))
}

// number is the whole number that a flag has, unset if it has none.
func (u *usageError) number(flag, text string, unset, least, most int) int {
	if text == "" {
		return unset
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		u.add("%s %s: it must be a whole number from %s to %s", flag, text, count(least), count(most))
	}
	return n
}

// err is nil if nothing is wrong.
func (u usageError) err() error {
	if len(u) == 0 {
		return nil
	}
	return u
}

// A silentError ends the program with a status after everything has been said.
type silentError int

func (s silentError) Error() string { return fmt.Sprintf("status %d", int(s)) }

// invoked is how this program was called, for commands that people may copy.
func invoked() string {
	self, err := os.Executable()
	if err == nil && strings.Contains(filepath.ToSlash(self), "/go-build") {
		return "go run ./cmd/firstspike"
	}
	return quote(os.Args[0])
}

// command is a command line of this program, for people to copy.
func command(args ...string) string {
	line := invoked()
	for _, a := range args {
		line += " " + quote(a)
	}
	return line
}

// quote puts an argument into single quotes if a shell would not take it as it
// is. What cannot be printed is escaped as bash and zsh read it: $'\x1b'.
func quote(s string) string {
	if visible(s) != s {
		escaped := strconv.Quote(s)
		escaped = strings.ReplaceAll(escaped[1:len(escaped)-1], `\"`, `"`)
		return "$'" + strings.ReplaceAll(escaped, "'", `\'`) + "'"
	}
	plain := s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=,:+@%\\", r))
	}) < 0
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// visible is text in one line in which control characters, and bytes that are
// not UTF-8, are escaped as in Go. Names of files may hold any of them.
func visible(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError && n == 1 {
			escaped := strconv.Quote(s[:n])
			b.WriteString(escaped[1 : len(escaped)-1])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// terminal reports whether a stream is a terminal, and how wide it is; 80
// columns if the terminal does not tell.
func terminal(stream any) (width int, ok bool) {
	f, isFile := stream.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width, true
	}
	return 80, true
}
