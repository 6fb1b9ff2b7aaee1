module twinproof/launch

go 1.21
