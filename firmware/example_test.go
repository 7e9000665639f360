package firmware_test

import (
	"fmt"
	"log"
	"strings"

	"firstspike/firmware"
	"firstspike/preset"
	"firstspike/quantize"
	"firstspike/train"
)

// A network becomes a folder of C.
func Example() {
	p, _ := preset.Lookup("bars")
	m, err := train.Untrained(p.Experiment) // or train.Load of a run
	if err != nil {
		log.Fatal(err)
	}
	q, err := quantize.Model(m, map[string]int{"s1": 4, "s2": 8})
	if err != nil {
		log.Fatal(err)
	}
	n, err := firmware.New(q, firmware.Identifier("My bars"))
	if err != nil {
		log.Fatal(err)
	}
	files, err := n.Files([][]byte{make([]byte, 3*9)})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		if strings.HasPrefix(f.Path, "src/") {
			fmt.Println(f.Path)
		}
	}
	fmt.Println(n.Flash(), "bytes of tables,", n.RAM(), "of memory")
	// Output:
	// src/my_bars.h
	// src/my_bars.c
	// 84 bytes of tables, 248 of memory
}
