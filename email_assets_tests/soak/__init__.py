"""The platform left running by itself, among faults and kills, and what is true of it afterwards."""
