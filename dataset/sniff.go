package dataset

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// sniffLen is how much of a file identify wants to see.
const sniffLen = 1024

// signatures are the first bytes by which files of common kinds are known.
var signatures = []struct{ magic, kind string }{
	{"\x89PNG", "a PNG image"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"GIF8", "a GIF image"},
	{"II*\x00", "a TIFF image"},
	{"MM\x00*", "a TIFF image"},
	{"8BPS", "a Photoshop image"},
	{"\x00\x00\x01\x00", "an icon file"},
	{"\xff\x0a", "a JPEG XL image"},
	{"\x00\x00\x00\x0cJXL ", "a JPEG XL image"},
	{"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"},
	{"gimp xcf", "a GIMP image"},
	{"%PDF", "a PDF document"},
	{"%!PS", "a PostScript document"},
	{"PK\x03\x04", "a ZIP archive"},
	{"\x1f\x8b", "a gzip stream"},
	{"BZh", "a bzip2 stream"},
	{"\xfd7zXZ\x00", "an xz stream"},
	{"(\xb5/\xfd", "a Zstandard stream"},
	{"7z\xbc\xaf", "a 7-Zip archive"},
	{"\x93NUMPY", "a NumPy array"},
	{"\x89HDF", "an HDF5 file"},
	{"version https://git-lfs", "a Git LFS pointer, which stands for a file that was not fetched"},
}

// brands are the kinds of file that name themselves after a length and "ftyp".
var brands = []struct{ brand, kind string }{
	{"avif", "an AVIF image"},
	{"avis", "an AVIF image"},
	{"heic", "a HEIC image"},
	{"heix", "a HEIC image"},
	{"mif1", "a HEIF image"},
	{"", "an MP4 video"},
}

// identify says what a file that begins with these bytes is, as "a WebP image", or "" if it cannot tell. IDX files are not
// among what it tells: their magic is too like other binary data.
func identify(head []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.magic)) {
			return s.kind
		}
	}
	if len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return "a WebP image"
	}
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		for _, b := range brands {
			if bytes.HasPrefix(head[8:], []byte(b.brand)) {
				return b.kind
			}
		}
	}
	if len(head) >= 14 && string(head[:2]) == "BM" && string(head[6:10]) == "\x00\x00\x00\x00" {
		return "a BMP image"
	}
	if len(head) >= 3 && head[0] == 'P' && head[1] >= '1' && head[1] <= '6' && bytes.IndexByte([]byte(" \t\r\n"), head[2]) >= 0 {
		return "a Netpbm image"
	}
	return identifyText(head)
}

// identifyText does identify's work for what people can read.
func identifyText(head []byte) string {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return "a text file"
	}
	head = head[:min(len(head), sniffLen)]
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff"))))
	if len(text) == 0 || !readable(head) {
		return ""
	}
	if text[0] != '<' {
		return "a text file"
	}
	for _, k := range []struct{ tag, kind string }{
		{"<!doctype html", "an HTML page"},
		{"<html", "an HTML page"},
		{"<svg", "an SVG drawing"},
		{"<?xml", "an XML file"},
	} {
		if bytes.Contains(text, []byte(k.tag)) {
			return k.kind
		}
	}
	return "a text file"
}

// readable reports whether head, which may end within a character, is UTF-8 without control characters but those of text.
func readable(head []byte) bool {
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size == 1 {
			return len(head) < utf8.UTFMax && !utf8.FullRune(head)
		}
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != '\x1b' || r == 0x7f {
			return false
		}
		head = head[size:]
	}
	return true
}

func isGzip(head []byte) bool { return bytes.HasPrefix(head, []byte("\x1f\x8b")) }

// isIDX reports whether head begins as an IDX file of any type and number of dimensions does.
func isIDX(head []byte) bool {
	return len(head) >= 4 && head[0] == 0 && head[1] == 0 && head[2] >= 8 && head[2] <= 0xe && head[3] > 0
}

// beginning shows the first bytes of a file that identify does not know.
func beginning(head []byte) string {
	return fmt.Sprintf("begins with 0x%x", head[:min(len(head), 4)])
}
