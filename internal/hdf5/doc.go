// Package hdf5 writes files in the Hierarchical Data Format, version 5: arrays of
// numbers and of text, in groups of groups, as a file system has files in folders.
//
// A tree of objects is written as a whole, by [Write], in one pass. There is a
// [Group], which is a list of named objects; a [Dataset], which is an array of
// numbers with a shape; and a [Text], which is an array of strings with a shape.
// That is what formats built on HDF5 need to hold a network, and what h5py, the
// library that Python has for such files, makes of
//
//	f.create_group(name)
//	f.create_dataset(name, data=array)
//	f.create_dataset(name, data=text, dtype=h5py.string_dtype())
//
// Nothing else of HDF5 is here: no attributes, no chunks, no compression, and no
// reading.
//
// # What is in the file
//
// The bytes follow the HDF5 File Format Specification, version 3.0 (The HDF
// Group), in the form that the library writes since version 1.8 and every later
// one reads: a superblock of version 2, object headers of version 2 with the links
// of a group inside, contiguous data, little-endian, and a checksum behind every
// piece of structure.
//
//	superblock     where the root group is, and where the file ends
//	global heap    all strings, one after another; left out if there are none
//	objects        of a group first its members, then its own header;
//	               of a dataset first its data, then its header
//
// Strings are of variable length and UTF-8: an element is the place of its bytes
// in the heap. The same tree gives the same bytes, for there is no time in them
// and no order but that of the lists.
package hdf5
