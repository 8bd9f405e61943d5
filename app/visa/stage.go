package visa

// Stage is a part of the way from the office's counter to the card in hand, as
// people see it. The values are catalogue keys, so their spelling never changes.
type Stage string

// The stages.
const (
	// StageFiled: the application was handed in.
	StageFiled Stage = "filed"
	// StageRegistered: an office has given it a number and keeps it under that.
	StageRegistered Stage = "registered"
	StageInProgress Stage = "in_progress"
	// StageSuspended stands beside StageInProgress, and is not on the way.
	StageSuspended             Stage = "suspended"
	StagePreliminarilyPositive Stage = "preliminarily_positive"
	StageDecision              Stage = "decision"
	StageCollected             Stage = "collected"
)

// Stages returns the stages on the way, in their order. StageSuspended is beside it.
func Stages() []Stage {
	return []Stage{StageFiled, StageRegistered, StageInProgress, StagePreliminarilyPositive, StageDecision, StageCollected}
}

// Stage returns the stage of an application that has this status. A number that
// is not found was given to somebody who has filed. "" where there is no answer,
// or none that is understood.
func (s Status) Stage() Stage {
	switch s {
	case NotFound:
		return StageFiled
	case InProgress:
		return StageInProgress
	case Suspended:
		return StageSuspended
	case PreliminarilyPositive:
		return StagePreliminarilyPositive
	case Granted, Refused:
		return StageDecision
	}
	return ""
}
