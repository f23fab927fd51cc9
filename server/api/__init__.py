"""The door for machines: the part of the Camunda 7 REST interface that modelers and conformance kits use."""
