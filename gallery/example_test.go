package gallery_test

import (
	"fmt"
	"strings"

	"firstspike/figure"
	"firstspike/gallery"
	"firstspike/preset"
	"firstspike/train"
)

// The filters through which a network sees, as a picture.
func Example() {
	p, _ := preset.Lookup("mozafari2018")
	m, err := train.Untrained(p.Experiment)
	if err != nil {
		fmt.Println(err)
		return
	}
	filters, err := gallery.Filters(m)
	if err != nil {
		fmt.Println(err)
		return
	}
	var file strings.Builder
	if err := figure.SVG(&file, filters); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(filters.Title(), strings.Contains(file.String(), "<svg"))
	// Output: The filters of the encoding true
}
