// Package harness runs scenarios against a server that speaks Temporal's API
// and turns what the server answered into a Recording: plain JSON in which
// everything that differs from run to run (ids, times, tokens) has been replaced
// by placeholders, so that two recordings can be compared attribute by attribute.
//
// Read first: Env (what a scenario works with), Recording (what it leaves
// behind), Normalize (what is replaced), Compare (what counts as a difference).
package harness
