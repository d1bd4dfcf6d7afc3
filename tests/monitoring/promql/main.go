// Evaluates PromQL over series that are given, with the engine of Prometheus itself and nothing else of it: the whole
// promtool takes minutes to build. JSON in, JSON out; tests/monitoring/engine.py is the other side.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// A point is a time in milliseconds and a value.
type point struct {
	Time  int64   `json:"t"`
	Value float64 `json:"v"`
}

type series struct {
	Labels map[string]string `json:"labels"`
	Points []point           `json:"points"`
}

// Times of a query are milliseconds, too.
type query struct {
	Expr  string `json:"expr"`
	Start int64  `json:"start"`
	End   int64  `json:"end"`
	Step  int64  `json:"step"`
}

type question struct {
	Series  []series `json:"series"`
	Queries []query  `json:"queries"`
}

func main() {
	if err := answer(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answer() error {
	var asked question
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return fmt.Errorf("the question cannot be read: %w", err)
	}
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, // as Prometheus has them
		EnableAtModifier: true, EnableNegativeOffset: true, Parser: parser.NewParser(parser.Options{}),
	})
	answers := make([][]series, 0, len(asked.Queries))
	for _, each := range asked.Queries {
		found, err := evaluate(engine, newMemory(asked.Series), each)
		if err != nil {
			return fmt.Errorf("%s: %w", each.Expr, err)
		}
		answers = append(answers, found)
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func evaluate(engine *promql.Engine, store memory, asked query) ([]series, error) {
	prepared, err := engine.NewRangeQuery(
		context.Background(), store, nil, asked.Expr,
		time.UnixMilli(asked.Start), time.UnixMilli(asked.End), time.Duration(asked.Step)*time.Millisecond,
	)
	if err != nil {
		return nil, err
	}
	defer prepared.Close()
	matrix, err := prepared.Exec(context.Background()).Matrix()
	if err != nil {
		return nil, err
	}
	found := make([]series, 0, len(matrix))
	for _, each := range matrix {
		found = append(found, shown(each))
	}
	return found, nil
}

func shown(found promql.Series) series {
	points := make([]point, 0, len(found.Floats))
	for _, each := range found.Floats {
		// JSON knows neither of them, and a picture cannot show them.
		if !math.IsNaN(each.F) && !math.IsInf(each.F, 0) {
			points = append(points, point{each.T, each.F})
		}
	}
	return series{Labels: found.Metric.Map(), Points: points}
}
