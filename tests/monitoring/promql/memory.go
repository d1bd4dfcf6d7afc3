package main

import (
	"context"
	"sort"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// memory holds series as a storage of Prometheus; the engine itself takes no notice of samples out of its range.
type memory []storage.Series

func newMemory(given []series) memory {
	held := make(memory, 0, len(given))
	for _, each := range given {
		samples := make([]chunks.Sample, 0, len(each.Points))
		for _, at := range each.Points {
			samples = append(samples, sample(at))
		}
		held = append(held, storage.NewListSeries(labels.FromMap(each.Labels), samples))
	}
	sort.Slice(held, func(a, b int) bool { return labels.Compare(held[a].Labels(), held[b].Labels()) < 0 })
	return held
}

func (held memory) Querier(_, _ int64) (storage.Querier, error) { return querier{memory: held}, nil }

type querier struct {
	storage.LabelQuerier // never asked: PromQL selects series only
	memory               memory
}

func (querier) Close() error { return nil }

func (asked querier) Select(
	_ context.Context, _ bool, _ *storage.SelectHints, matchers ...*labels.Matcher,
) storage.SeriesSet {
	found := &set{at: -1}
	for _, each := range asked.memory {
		if matches(each.Labels(), matchers) {
			found.series = append(found.series, each)
		}
	}
	return found
}

func matches(of labels.Labels, matchers []*labels.Matcher) bool {
	for _, matcher := range matchers {
		if !matcher.Matches(of.Get(matcher.Name)) {
			return false
		}
	}
	return true
}

type set struct {
	series []storage.Series
	at     int
}

func (found *set) Next() bool                        { found.at++; return found.at < len(found.series) }
func (found *set) At() storage.Series                { return found.series[found.at] }
func (found *set) Err() error                        { return nil }
func (found *set) Warnings() annotations.Annotations { return nil }

// sample is a float, as the text format has them.
type sample point

func (s sample) ST() int64                     { return 0 }
func (s sample) T() int64                      { return s.Time }
func (s sample) F() float64                    { return s.Value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }
