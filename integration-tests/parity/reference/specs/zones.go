package main

import (
	"archive/zip"
	"fmt"
	"hash/fnv"
	"sort"
	"strings"
	"time"
)

// Writes for every zone of the archive how many times its offset changes from 1970 to 2100, and FNV-1a over all
// "time offset;" (seconds since the epoch, seconds east) of them, after the offset at the start.
func zoneChanges(archive string) {
	reader, err := zip.OpenReader(archive)
	must(err)
	defer reader.Close()
	var names []string
	for _, file := range reader.File {
		if !strings.HasSuffix(file.Name, "/") {
			names = append(names, file.Name)
		}
	}
	sort.Strings(names)
	from, to := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for _, name := range names {
		zone, err := time.LoadLocation(name)
		must(err)
		offsetAt := func(t int64) int {
			_, offset := time.Unix(t, 0).In(zone).Zone()
			return offset
		}
		hash, count := fnv.New64a(), 0
		fmt.Fprintf(hash, "%d;", offsetAt(from))
		// By quarters of a day: Go's ZoneBounds does not always move on.
		for t := from; t < to; t += 6 * 60 * 60 {
			if offsetAt(t) == offsetAt(t+6*60*60) {
				continue
			}
			at := t + int64(sort.Search(6*60*60, func(after int) bool { return offsetAt(t+int64(after)) != offsetAt(t) }))
			count++
			fmt.Fprintf(hash, "%d %d;", at, offsetAt(at))
		}
		fmt.Printf("%s %d %016x\n", name, count, hash.Sum64())
	}
}
