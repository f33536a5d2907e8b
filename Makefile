.PHONY: help demo serve test proof faults fuzz e2e bench lint deploy clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Score 65,322 rows of a private MySQL through the local Lambda emulator
	@scripts/demo

serve: ## Show the demo's result in the browser, at http://127.0.0.1:8000/
	@scripts/serve

test: lint ## Run every test, on a private MySQL and two private MariaDB
	@scripts/test

proof: ## Go through every state of the protocol's models, and replay what the code does in thousands of schedules
	cargo test --locked --release --manifest-path proof/Cargo.toml
	cargo run --locked --release --manifest-path proof/Cargo.toml
	scripts/faults schedules --times 2500

faults: ## Inject faults into every step and compare the tables
	@scripts/faults

fuzz: ## Feed whatever reads from outside with what libFuzzer makes up, for three minutes
	@scripts/fuzz

e2e: ## Deploy into a private local AWS and watch the schedule work off a window
	@scripts/e2e

bench: ## Measure against the database's own floor and against Python, for some fifty minutes
	@scripts/bench

lint: ## Check format, lints, documentation, and what is deployed
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet
	scripts/check-python
	scripts/check-infra

deploy: ## Deploy to AWS: make deploy DATABASE=mydb (an RDS instance, an Aurora cluster, or new)
	@scripts/deploy $(if $(DATABASE),--database $(DATABASE)) $(if $(STACK),--stack $(STACK)) $(if $(YES),--yes) \
	    $(if $(ARCHITECTURE),Architecture=$(ARCHITECTURE)) $(ANSWERS)

clean: ## Remove what was built, and the development servers with their data
	rm -rf target proof/target fuzz/target .dev .aws-sam
