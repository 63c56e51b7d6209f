"""What pipelines tell: the funnel, the share of lost work, the forecast; over what the actor may see."""
