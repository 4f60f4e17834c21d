# Fashion Product Images, a set of products of Myntra.
told by productDisplayName, masterCategory

id = product_id
productDisplayName = name
masterCategory = main_category
subCategory = sub_category
articleType = attributes.type
baseColour = attributes.color
gender = attributes.gender
season = attributes.season
usage = attributes.usage
