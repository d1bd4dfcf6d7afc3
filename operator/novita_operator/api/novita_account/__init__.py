"""NovitaAccount: who pays."""
