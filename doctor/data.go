package doctor

import (
	"firstspike/dataset"
	"firstspike/train"
)

// Data is what the images and their labels look like.
type Data struct {
	Mean    float64 `json:"mean"`    // of all pixels, 0 to 255
	Border  float64 `json:"border"`  // of the pixels at the edge of the images
	Blank   float64 `json:"blank"`   // share of images whose pixels are all equal
	Classes []int   `json:"classes"` // images of each class, of all that the network learns from
	Whole   []int   `json:"whole"`   // the same without data.limit
}

// look measures the pixels of a sample and counts the labels of all images.
func look(set, sample *dataset.Set, e train.Experiment) Data {
	d := Data{Classes: count(set.Limit(e.Data.Limit), e.Data.Classes), Whole: count(set, e.Data.Classes)}
	sum, edge, pixels, edges, blank := 0, 0, 0, 0, 0
	for i := range sample.Len() {
		image := sample.Image(i)
		flat := true
		for j, v := range image {
			sum += int(v)
			flat = flat && v == image[0]
			if y, x := j/sample.Cols, j%sample.Cols; y == 0 || x == 0 || y == sample.Rows-1 || x == sample.Cols-1 {
				edge += int(v)
				edges++
			}
		}
		pixels += len(image)
		if flat {
			blank++
		}
	}
	d.Mean, d.Border, d.Blank = ratio(sum, pixels), ratio(edge, edges), ratio(blank, sample.Len())
	return d
}

func count(set *dataset.Set, classes int) []int {
	n := make([]int, classes)
	for _, label := range set.Labels {
		n[label]++
	}
	return n
}

// ratio is a part of a whole, 0 of nothing.
func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
