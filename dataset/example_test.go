package dataset_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"firstspike/dataset"
)

// MNIST is part of the program. Here is its first test image, every second row of it.
func Example() {
	train, test, err := dataset.Open("mnist")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d images to learn from, %d to test on, %d classes\n", train.Len(), test.Len(), test.Classes)

	digit := test.Image(0)
	for row := 6; row < test.Rows; row += 2 {
		for col := 4; col < test.Cols-4; col++ {
			fmt.Print(string(".+#"[digit[row*test.Cols+col]/86]))
		}
		fmt.Println()
	}
	fmt.Println("label", test.Label(0))
	// Output:
	// 60000 images to learn from, 10000 to test on, 10 classes
	// ....................
	// ..##############+...
	// ...............##+..
	// ..............##....
	// .............##.....
	// ............##......
	// ...........##.......
	// .........###........
	// ........##+.........
	// .......###..........
	// ......+##...........
	// label 7
}

// Of 60,000 training images, 5,000 are set aside to choose the best epoch by. Each class keeps its share.
func ExampleStratified() {
	all, _, err := dataset.MNIST()
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, validationIDs, err := dataset.Stratified(all.Labels, 5000, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	train, validation := all.Subset(ids), all.Subset(validationIDs)
	fmt.Println(train.Len(), "and", validation.Len())
	fmt.Println("the first image for validation is image", validation.ID(0), "of MNIST")

	ones := 0
	for i := range validation.Len() {
		if validation.Label(i) == 1 {
			ones++
		}
	}
	fmt.Println(ones, "of them are ones")
	// Output:
	// 55000 and 5000
	// the first image for validation is image 1 of MNIST
	// 562 of them are ones
}

// A drawing of a one, dark on white, becomes an image such as MNIST's.
func ExampleDigit() {
	drawing := image.NewGray(image.Rect(0, 0, 320, 240))
	for i := range drawing.Pix {
		drawing.Pix[i] = 255
	}
	for y := 40; y < 200; y++ {
		for x := 150; x < 166; x++ {
			drawing.SetGray(x, y, color.Gray{})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, drawing); err != nil {
		fmt.Println(err)
		return
	}

	pictures, err := dataset.Decode("one.png", file.Bytes())
	if err != nil {
		fmt.Println(err)
		return
	}
	pixels, note := dataset.Digit(pictures[0], 28, 28)
	fmt.Println(note)
	fmt.Println(len(pixels), "pixels, row 14:", pixels[14*28+11:14*28+17])
	// Output:
	// dark on light: inverted; 320x240 cropped to 16x160 and scaled to 2x20, centred by mass
	// 784 pixels, row 14: [0 0 255 255 0 0]
}

// A file that is not what its name says is refused by what it is.
func ExampleDecode() {
	_, err := dataset.Decode("seven.png", []byte("<!DOCTYPE html><html>Not found</html>"))
	fmt.Println(err)
	// Output:
	// seven.png: is an HTML page; PNG, JPEG, GIF and IDX images are read, so convert it first
}

// Two images of 2x2 pixels, written as IDX files and read again.
func ExampleWriteIDX() {
	dir, err := os.MkdirTemp("", "idx")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	images, labels := filepath.Join(dir, "images.gz"), filepath.Join(dir, "labels.gz")

	s, err := dataset.New("checks", 2, 2, []byte{255, 0, 0, 255, 0, 255, 255, 0}, []uint8{0, 1})
	if err == nil {
		err = dataset.WriteIDX(images, labels, s)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	again, err := dataset.OpenTest(images + "," + labels)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(again.Len(), again.Image(1), again.Sum() == s.Sum())
	// Output:
	// 2 [0 255 255 0] true
}
