package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"

	"firstspike/dataset"
)

// A file without a test part: some of its images are held out, of every class its share.
func ExampleOpenWith() {
	dir, err := os.MkdirTemp("", "dataset-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "images.csv")
	rows := "label,a,b,c,d\n"
	for i := range 10 {
		rows += fmt.Sprintf("%d,%d,0,0,255\n", i%2, i)
	}
	if err := os.WriteFile(path, []byte(rows), 0o666); err != nil {
		panic(err)
	}

	train, test, err := dataset.OpenWith(path, dataset.Options{Test: 0.4, Seed: 7})
	if err != nil {
		panic(err)
	}
	fmt.Println(train.Len(), "and", test.Len(), "images of", test.Rows, "x", test.Cols)
	fmt.Println("of each class", train.Counts(), test.Counts())
	fmt.Println("equal images:", len(dataset.AuditOf(train, test).Equal))
	// Output:
	// 6 and 4 images of 2 x 2
	// of each class [3 3] [2 2]
	// equal images: 0
}

// A photograph is made to fit; nothing else happens to it.
func ExampleNatural() {
	photo := dataset.Grey{Rows: 2, Cols: 4, Pixels: []byte{
		0, 100, 200, 250,
		0, 100, 200, 250,
	}}
	for _, fit := range []dataset.Fit{dataset.Stretch, dataset.Crop, dataset.Pad} {
		pixels, note := dataset.Natural(photo, 2, 2, fit)
		fmt.Println(pixels, note)
	}
	// Output:
	// [50 225 50 225] 4x2 scaled to 2x2
	// [100 200 100 200] 4x2 cropped to its middle, 2x2, and scaled to 2x2
	// [50 225 138 138] 4x2 scaled to 2x1 and centred
}
