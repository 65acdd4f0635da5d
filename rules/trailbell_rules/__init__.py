"""From YAML text to rules: documents with positions, schema, problems, tests inside rules, shipped packs."""
