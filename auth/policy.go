// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Policy is what a Guard requires of every procedure that has a rule, in order
// of their names: the whole of who may call what, for a review. It marshals to
// JSON; [Policy.WriteText] and [Policy.WriteMarkdown] print it for people.
type Policy []PolicyEntry

// PolicyEntry is one procedure's rule.
type PolicyEntry struct {
	Procedure   string     `json:"procedure"`
	Access      string     `json:"access"`
	AllScopes   []string   `json:"all_scopes,omitempty"`
	ScopeGroups [][]string `json:"scope_groups,omitempty"`
	Issuers     []string   `json:"issuers,omitempty"`
	Audiences   []string   `json:"audiences,omitempty"`
	Principal   string     `json:"principal,omitempty"`
	ACRValues   []string   `json:"acr_values,omitempty"`
	MaxAge      int64      `json:"max_age,omitempty"` // seconds
	Fresh       bool       `json:"fresh,omitempty"`
	Authorize   bool       `json:"authorize,omitempty"`
}

// Policy returns the Guard's policy. What is not in it is denied.
func (g *Guard) Policy() Policy {
	if g == nil {
		return nil
	}
	policy := make(Policy, 0, len(g.rules))
	for procedure, shared := range g.rules {
		rule := shared.clone()
		entry := PolicyEntry{
			Procedure:   procedure,
			Access:      rule.Access.String(),
			AllScopes:   rule.AllScopes,
			ScopeGroups: rule.ScopeGroups,
			Issuers:     rule.Issuers,
			Audiences:   rule.Audiences,
			ACRValues:   rule.ACRValues,
			MaxAge:      int64(rule.MaxAge / time.Second),
			Fresh:       rule.Fresh,
			Authorize:   rule.Authorize != nil,
		}
		if rule.Principal != PrincipalUnknown {
			entry.Principal = rule.Principal.String()
		}
		policy = append(policy, entry)
	}
	slices.SortFunc(policy, func(a, b PolicyEntry) int { return strings.Compare(a.Procedure, b.Procedure) })
	return policy
}

var policyColumns = []string{"procedure", "access", "scopes", "step-up", "issuers", "further"}

// WriteText prints the policy as a table of aligned columns.
func (p Policy) WriteText(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, cells := range p.rows() {
		if _, err := fmt.Fprintln(table, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return table.Flush()
}

// WriteMarkdown prints the policy as a Markdown table.
func (p Policy) WriteMarkdown(w io.Writer) error {
	for i, cells := range p.rows() {
		for j, cell := range cells {
			cells[j] = strings.ReplaceAll(cell, "|", `\|`) // a scope may hold one
		}
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | ")); err != nil {
			return err
		}
		if i == 0 {
			if _, err := fmt.Fprintln(w, "|"+strings.Repeat("---|", len(cells))); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p Policy) rows() [][]string {
	rows := [][]string{slices.Clone(policyColumns)}
	for _, e := range p {
		rows = append(rows, []string{
			e.Procedure, e.Access, dash(e.scopes()), dash(e.stepUp()), dash(strings.Join(e.Issuers, " ")), dash(e.further()),
		})
	}
	return append(rows, []string{"anything else", "denied", "-", "-", "-", "-"})
}

func (e PolicyEntry) scopes() string {
	parts := slices.Clone(e.AllScopes)
	for _, group := range e.ScopeGroups {
		parts = append(parts, "("+strings.Join(group, " or ")+")")
	}
	return strings.Join(parts, " and ")
}

func (e PolicyEntry) stepUp() string {
	var parts []string
	if len(e.ACRValues) > 0 {
		parts = append(parts, "acr "+strings.Join(e.ACRValues, " or "))
	}
	if e.MaxAge > 0 {
		parts = append(parts, fmt.Sprintf("within %v", time.Duration(e.MaxAge)*time.Second))
	}
	return strings.Join(parts, ", ")
}

func (e PolicyEntry) further() string {
	var parts []string
	if e.Principal != "" {
		parts = append(parts, "only a "+e.Principal)
	}
	if len(e.Audiences) > 0 {
		parts = append(parts, "audience "+strings.Join(e.Audiences, " or "))
	}
	if e.Fresh {
		parts = append(parts, "fresh answer of the issuer")
	}
	if e.Authorize {
		parts = append(parts, "Authorize function")
	}
	return strings.Join(parts, ", ")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
