// Package conformance holds the official QuickSight client and this
// repository's client side by side. Its tests show that both send the same
// bytes and give the same answers, but for the differences that [Differences]
// names; its benchmarks, and the command in bench, say what each of them costs.
//
// It is a module of its own, so that no user of the library downloads the
// official client.
package conformance
