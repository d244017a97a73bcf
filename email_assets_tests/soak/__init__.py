"""The platform left to itself, among faults and kills, and what is true of it afterwards."""
