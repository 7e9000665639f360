// Package dataset holds the images that a network learns from and is tested on, and makes such images of any picture.
//
// It knows nothing of networks. What it gives away is pixels, labels and lists of numbers.
//
// # A data set
//
// A [Set] is a list of grey images of one size, each Rows*Cols bytes, with a label per image: the number of its class. 0 is
// an empty pixel and 255 a full one. Digits are therefore light on a dark ground, though they were written dark on light:
// ink counts, paper does not.
//
// MNIST, the digits on which most networks of this kind were first tried, is part of the program. [MNIST] returns its 60,000
// training and 10,000 test images; nothing is decoded before that, and a program that never calls it, nor [Open] or
// [OpenTest], is linked without the 11.6 MB of data. Where the files come from and under which licence they are is told in
// mnist/README.md.
//
//	train, test, err := dataset.Open("mnist")
//	…
//	for i := range train.Len() {
//		learn(train.Image(i), train.Label(i))
//	}
//
// Reading an image copies and allocates nothing. A set may be read by any number of goroutines at once.
//
// # Whatever there is
//
// [Open] takes a spec: the word "mnist", a name of the [Catalogue] such as "fashion-mnist", which is looked for in the user's
// [Folder] and where Debian's packages put data, or the path of a folder or a file. What that holds is found out: IDX files, a
// folder of pictures for each class, CSV files, an npz file. [OpenWith] takes [Options] as well, for what such data do not say
// themselves: the size that pictures get, and what is held out for the test where nothing is.
//
//	train, test, err := dataset.OpenWith("photos", dataset.Options{Rows: 64, Cols: 96, Fit: dataset.Crop, Group: `^[a-z]+\d+`})
//
// Photographs are no digits. [Natural] makes them grey and of the right size, and leaves light light and dark dark; [Show]
// chooses between that and [Digit] by what a network has learned from. Folders are sorted by class, and a network that learns
// from image after image would forget the first over the last; so pictures come in an order that is drawn once and for all.
//
// Where many pictures show one object, a network that has seen some of them in training knows the rest. The options' Group
// names the object by a part of the file's name, and all pictures of it stay on one side, here and in [Set.HoldOut], which
// validation uses. [AuditOf] finds images that are equal, to the byte, wherever they are.
//
// # IDX files
//
// MNIST came with a file format of its own, IDX: four bytes that tell the type and the number of dimensions, the dimensions,
// the data. Many later data sets took over the format, the size of 28x28 and even the names of the files: Fashion-MNIST,
// KMNIST and others. [Open] takes a directory with those files, [OpenTest] two single files as well, and [ReadIDX] and
// [WriteIDX] are there for programs.
//
// A file of data is seldom wrong in a way that can be seen from the outside, and a network will learn from anything. So the
// reader believes nothing: not the name, not the header, not that two files belong together. What it refuses it names,
// with the fault and the way out:
//
//	a/train-images-idx3-ubyte.gz: gzip stream is truncated after 1204 of 47040000 bytes of pixels; fetch the file again
//
// # Training, validation, test
//
// The score that counts is the one on images which had no part in learning, and choosing the best of many epochs by their
// score is learning too. [Set.HoldOut], or [Stratified] for labels alone, therefore splits the training images once more: a
// few thousand for validation, by which to choose, and the rest to learn from. Every class keeps its share. The split depends
// on a seed and on nothing else, and its documentation is exact enough to compute it again elsewhere.
//
// For the record of a run there is [Set.Sum], a checksum over all that a network gets to see. It can be recomputed with
// sha256sum, without this program.
//
// # Pictures
//
// To ask a network about a photograph or a drawing, one has to show it what it knows. [Decode] reads PNG, JPEG, GIF and IDX
// files into pictures of any size, and [Digit] does to a picture what MNIST's authors did to their scans: ink light on dark,
// cropped, scaled to 20x20, centred by mass in 28x28. A [Note] says what was done, for people to judge:
//
//	dark on light: inverted; 640x480 cropped to 210x300 and scaled to 14x20, centred by mass
//
// A picture that has the right size already is only inverted, if at all. So an image of MNIST, exported as PNG and brought
// back, is the same image to the last bit, and a prediction for it is the one that a test would make. All of this is
// integer arithmetic, in which every machine agrees.
package dataset
