package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"firstspike/dataset"
)

type dataListCommand struct{}

// Run lists the data sets that are known by name.
func (dataListCommand) Run(s *streams) error {
	var b strings.Builder
	say := func(name string, lines ...string) {
		b.WriteString(name + "\n")
		for _, line := range lines {
			b.WriteString(wrapFor(s.out, "    "+line, 4) + "\n")
		}
	}
	say("mnist", "60,000 and 10,000 images of 28x28 pixels: handwritten digits; mnist:3,8 are some of them",
		"licence: CC BY-SA 3.0", "here: inside the program")
	say("bars", "1,600 and 16 images of 3x9 pixels: two bars of four orientations", "here: inside the program")
	for _, k := range dataset.Catalogue() {
		where := "not here: see its origin; this program cannot fetch it"
		if len(k.Files) > 0 {
			where = "not here: " + command("data", "get", k.Name)
		}
		if k.Package != "" {
			where += ", or Debian's package " + k.Package
		}
		if dir, ok := k.Find(); ok {
			where = fmt.Sprintf("here: %s, %s", visible(dir), megabytes(bytesIn(dir)))
		}
		say(k.Name, k.About, "licence: "+k.Licence, "origin: "+k.Origin, where)
	}
	if dir, err := dataset.Folder(); err == nil {
		fmt.Fprintf(&b, "\nWhat is fetched goes to %s; %s=DIR is another folder for it.\n", visible(dir), dataset.FolderEnv)
	} else {
		fmt.Fprintf(&b, "\n%v\n", err)
	}
	_, err := fmt.Fprint(s.out, b.String())
	return err
}

// bytesIn is how much room the files in a folder take.
func bytesIn(dir string) (total int64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, e := range entries {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
	}
	return total
}
