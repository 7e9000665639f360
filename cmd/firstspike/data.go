package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"firstspike/dataset"
)

// dataCommand holds the commands about data, each in a file of its own.
type dataCommand struct {
	List    dataListCommand    `cmd:"" help:"List the data sets that are known by name, and where they are."`
	Get     dataGetCommand     `cmd:"" help:"Fetch a data set that is known by name."`
	Check   dataCheckCommand   `cmd:"" help:"Go through all images: sizes, classes, images that come twice, files that are broken."`
	Preview dataPreviewCommand `cmd:"" help:"Draw some images of every class."`
}

// Help is shown after the flags.
func (dataCommand) Help() string {
	return `Networks learn from what --data (train) or data.source (in an experiment) names:

    mnist, mnist:3,8, bars     inside the program
    fashion-mnist              found by name on this machine; see data list, data get
    FOLDER with IDX files      train-images-idx3-ubyte, … of MNIST, Fashion-MNIST, KMNIST and their like, plain or .gz
    FOLDER of pictures         FOLDER/CLASS/*.png (or JPEG, GIF), or FOLDER/train/CLASS/* and FOLDER/test/CLASS/*
    FOLDER of recordings       FOLDER/Train/CLASS/*.bin and FOLDER/Test/CLASS/*.bin, by an event camera, as N-MNIST has it; or nmnist, by name
    FOLDER with train.csv      and perhaps test.csv, plain or .csv.gz: a row an image, its label first or in a column "label"
    FILE.csv, FILE.npz         the same in one file; npz as Keras has it: x_train, y_train, x_test, y_test

Pictures become grey, get the size of data.rows x data.cols by data.fit (stretch, pad or crop), and are not inverted. Where there is no part for the test, data.test of the images are held out for it, of every class its share; data.group keeps pictures of one object together, and data.split is the seed.

    firstspike data check photos --rows 64 --cols 96
    firstspike train --data photos --set data.rows=64 --set data.cols=96 --set data.classes=2`
}

// dataFlags say how images are made of a spec, as the table data of an
// experiment does.
type dataFlags struct {
	Rows  string `placeholder:"N" help:"Rows that pictures get."`
	Cols  string `placeholder:"N" help:"Columns that pictures get."`
	Fit   string `placeholder:"KIND" help:"How pictures get this size: stretch (if not given), pad or crop."`
	Test  string `placeholder:"FRACTION" help:"Fraction held out for the test where the data have no part for it; 0.2 if not given."`
	Group string `placeholder:"REGEXP" help:"Pictures for whose names this, or its first parenthesised part, matches the same stay on one side of that split."`
	Split string `placeholder:"SEED" help:"Seed of that split."`
}

// options reads the flags and tells all that is wrong with them.
func (c *dataFlags) options(faults *usageError) dataset.Options {
	o := dataset.Options{Fit: dataset.Fit(c.Fit), Group: c.Group}
	o.Rows = faults.number("--rows", c.Rows, 0, 1, 4096)
	o.Cols = faults.number("--cols", c.Cols, 0, 1, 4096)
	o.Seed = uint64(faults.number("--split", c.Split, 0, 0, math.MaxInt))
	if c.Test != "" {
		var err error
		if o.Test, err = strconv.ParseFloat(c.Test, 64); err != nil || !(o.Test > 0 && o.Test < 1) {
			faults.add("--test %s: it must be a fraction of the images, above 0 and below 1", c.Test)
			o.Test = 0
		}
	}
	if len(*faults) == 0 {
		if err := o.Check(); err != nil {
			*faults = append(*faults, split(err)...)
		}
	}
	return o
}

// open opens both parts for people to look at. Pictures of different sizes get
// the one given if no flag says which; then as is true.
func (c *dataFlags) open(spec string, rows, cols int, fit dataset.Fit) (train, test *dataset.Set, made bool, err error) {
	var faults usageError
	o := c.options(&faults)
	if err := faults.err(); err != nil {
		return nil, nil, false, err
	}
	train, test, err = dataset.OpenWith(spec, o)
	if errors.Is(err, dataset.ErrSizes) && o.Rows == 0 {
		o.Rows, o.Cols, made = rows, cols, true
		if o.Fit == "" {
			o.Fit = fit
		}
		train, test, err = dataset.OpenWith(spec, o)
	}
	if err != nil {
		return nil, nil, false, err
	}
	return train, test, made, nil
}

// className is the number of a class with its name, if it has one.
func className(s *dataset.Set, class int) string {
	if class < len(s.Names) && s.Names[class] != strconv.Itoa(class) {
		return fmt.Sprintf("%d %s", class, visible(s.Names[class]))
	}
	return fmt.Sprint(class)
}
