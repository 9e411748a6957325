package reconcile

import "fmt"

// Strategy is what is done with the unsynced changes of a backup.
type Strategy uint8

// The strategies.
const (
	Recover   Strategy = iota // merge them into the fresh store
	Discard                   // leave the fresh store as it is
	Overwrite                 // write every object of the backup over the fresh store's; delete nothing

	// RecoverOrDiscard recovers, and discards where the backup is Unreadable, and
	// only there. The report says so: then what the backup held is in the backup
	// alone, as far as it can be read at all.
	RecoverOrDiscard

	Manual // let a function of the app's decide: Options.Manual
)

var strategyNames = [...]string{"recover", "discard", "overwrite", "recover-or-discard", "manual"}

// String is the lower-case name of the strategy.
func (s Strategy) String() string {
	if int(s) < len(strategyNames) {
		return strategyNames[s]
	}
	return fmt.Sprintf("strategy %d", s)
}

// Check refuses a strategy that there is not.
func (s Strategy) Check() error {
	if int(s) >= len(strategyNames) {
		return fmt.Errorf("there is no %s (allowed: %v)", s, strategyNames)
	}
	return nil
}

// MarshalText gives the form of String.
func (s Strategy) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the form of String.
func (s *Strategy) UnmarshalText(text []byte) (err error) {
	*s, err = ParseStrategy(string(text))
	return err
}

// ParseStrategy reads the form of String.
func ParseStrategy(name string) (Strategy, error) {
	for i, n := range strategyNames {
		if n == name {
			return Strategy(i), nil
		}
	}
	return 0, fmt.Errorf("%q is not a strategy (allowed: %v)", name, strategyNames)
}
