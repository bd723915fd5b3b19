// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"

	"github.com/bearerkit/bearerkit/bench/suite"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

var (
	oursColor  = color.RGBA{R: 0x1f, G: 0x6f, B: 0xb4, A: 0xff}
	otherColor = color.RGBA{R: 0xb8, G: 0xc2, B: 0xcc, A: 0xff}
)

// Charts writes every chart of the results as an SVG file into dir.
func Charts(dir string, r *suite.Result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, s := range r.Sections {
		for _, c := range s.Charts {
			if err := chart(filepath.Join(dir, c.File+".svg"), c); err != nil {
				return fmt.Errorf("report: chart %s: %w", c.File, err)
			}
		}
	}
	return nil
}

// chart draws horizontal bars, the first on top, with their quartiles.
func chart(path string, c suite.Chart) error {
	plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"}
	p := plot.New()
	p.Title.Text = c.Title
	p.BackgroundColor = color.White
	p.X.Label.Text = c.Unit
	low := math.Inf(1)
	var names []string
	for i := range c.Bars {
		b := c.Bars[len(c.Bars)-1-i]
		names = append(names, b.Name)
		if b.Spread.Median > 0 {
			low = min(low, b.Spread.Median)
		}
	}
	base := 0.0
	if c.Log && !math.IsInf(low, 1) {
		base = low / 2 // so that the shortest bar is one
		p.X.Label.Text += ", logarithmic"
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = plot.LogTicks{Prec: -1}
	}
	for i := range c.Bars {
		b := c.Bars[len(c.Bars)-1-i]
		bar, err := plotter.NewPolygon(box(base, max(base, b.Spread.Median), float64(i)))
		if err != nil {
			return err
		}
		bar.Color = otherColor
		if b.Ours {
			bar.Color = oursColor
		}
		bar.LineStyle.Width = 0
		p.Add(bar)
		if b.Spread.N < 2 {
			continue
		}
		spread, err := plotter.NewLine(plotter.XYs{
			{X: max(base, b.Spread.P25), Y: float64(i)}, {X: max(base, b.Spread.P75), Y: float64(i)},
		})
		if err != nil {
			return err
		}
		spread.Width = vg.Points(1.5)
		p.Add(spread)
	}
	p.NominalY(names...)
	p.X.Min = base
	return save(p, vg.Length(len(c.Bars))*0.65*vg.Centimeter+2.5*vg.Centimeter, path)
}

// save writes the plot with a margin for fonts that are wider than the one with
// which it was measured.
func save(p *plot.Plot, height vg.Length, path string) error {
	canvas := vgsvg.New(20*vg.Centimeter, height)
	const margin = 0.5 * vg.Centimeter
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin/2, -margin/2))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	text := bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,sans-serif"))
	return os.WriteFile(path, text, 0o644)
}

func box(from, to, y float64) plotter.XYs {
	const half = 0.35
	return plotter.XYs{{X: from, Y: y - half}, {X: to, Y: y - half}, {X: to, Y: y + half}, {X: from, Y: y + half}}
}
