"""An email service's API as Dagster assets in your warehouse."""
